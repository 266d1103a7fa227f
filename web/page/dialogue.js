// The transcript of a conversation: one entry per turn.

import { element } from "./view.js";

const NAMES = { user: "You", agent: "Agent" };

/** A transcript in an element whose only child is the list of entries. */
export function createDialogue(log) {
  const [list] = log.children;
  const turns = new Map(); // the entry of each side's unfinished turn

  function begin(side) {
    const entry = element("li", { className: side }, element("b", { textContent: NAMES[side] }), " ", element("span"));
    list.append(entry);
    turns.set(side, entry);
    return entry;
  }

  /** Replaces the text of the side's turn, and ends the turn if the text is final. */
  function say(side, text, final) {
    log.hidden = false;
    const entry = turns.get(side) ?? begin(side);
    entry.lastChild.textContent = text.trim() || "…";
    // Screen readers announce a turn when its text is final.
    entry.setAttribute("aria-busy", String(!final));
    if (final) endTurn(side);
    log.scrollTop = log.scrollHeight;
  }

  /** Ends a turn with the text that it has. A turn without text is removed. */
  function endTurn(side) {
    const entry = turns.get(side);
    turns.delete(side);
    entry?.setAttribute("aria-busy", "false");
    if (entry?.lastChild.textContent === "…") entry.remove();
  }

  function clear() {
    turns.clear();
    list.replaceChildren();
    log.hidden = true;
  }

  return { say, endTurn, clear };
}
