/**
 * The Lua engine of the simulated servers. It is loaded before the first world begins: simulated time waits for nothing.
 *
 * @module
 */
import { createState } from "../../src/testing/server.ts";
import { importLua } from "../../transports/lua.ts";

export { importLua };

const state = createState({ lua: importLua });
await state.scripting.load();
state.time.stop();
