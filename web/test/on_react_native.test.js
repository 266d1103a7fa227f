// Runs the client's tests again on an older platform.

import { likeReactNative } from "./old_platform.js";

likeReactNative();
for (const file of ["leaving", "refusals", "reusable", "single_use", "dropped", "user", "elsewhere", "connect"]) await import(`./${file}.test.js`);
