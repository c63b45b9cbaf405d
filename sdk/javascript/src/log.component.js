/** Inside a component: the host's own function. */

export { log as send } from "kusion:module/log@0.1.0";
