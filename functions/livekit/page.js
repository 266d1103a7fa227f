// LiveKit: a token lets a participant join a room. LiveKit's own client opens the connection.

import { number } from "../../web/page/fields.js";

export const note = "Valid for joining until it expires. The session may last longer.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles", chosen: ["default"] },
  { name: "room_name", label: "Room, if the profile uses it" },
  { name: "participant_name", label: "Your name" },
  { name: "expires_in", label: "Seconds to join", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return {
    profile: form.get("profile") || undefined,
    room_name: form.get("room_name") || undefined,
    participant_name: form.get("participant_name") || undefined,
    expires_in: number(form.get("expires_in")),
  };
}

export const usage = "LiveKit’s own client joins the room: TokenSource.endpoint of livekit-client gets its tokens here.";
