// LiveKit: a token lets a participant join a room. LiveKit's own client opens the connection.

import { number, text } from "../../web/page/fields.js";

export const note = "Valid for joining until it expires. The session may last longer.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "room_name", label: "Room, if the profile uses it", type: "text" },
  { name: "participant_name", label: "Display name", type: "text" },
  { name: "expires_in", label: "Seconds to join", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return {
    profile: text(form.get("profile")),
    room_name: text(form.get("room_name")),
    participant_name: text(form.get("participant_name")),
    expires_in: number(form.get("expires_in")),
  };
}

export const usage = "LiveKit’s own client joins the room: TokenSource.endpoint of livekit-client gets its tokens here.";
