/** Lines for whoever runs kusion, who sees warnings and errors; they never reach a resource. */

import { send } from "#log";

export const trace = (message) => send("trace", String(message));
export const debug = (message) => send("debug", String(message));
export const info = (message) => send("info", String(message));
export const warn = (message) => send("warn", String(message));
export const error = (message) => send("error", String(message));
