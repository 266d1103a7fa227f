// All that the client promises, where the platform is older: each file's tests run once more.

import { likeSafari16 } from "./old_platform.js";

likeSafari16();
for (const file of ["leaving", "refusals", "reusable", "single_use", "dropped", "user", "elsewhere"]) await import(`./${file}.test.js`);
