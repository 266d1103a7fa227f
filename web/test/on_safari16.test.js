// Runs the client's tests again on an older platform.

import { likeSafari16 } from "./old_platform.js";

likeSafari16();
for (const file of ["leaving", "refusals", "reusable", "single_use", "dropped", "user", "elsewhere", "connect"]) await import(`./${file}.test.js`);
