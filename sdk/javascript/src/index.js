/** What a module author imports. */

export * as kubernetes from "./kubernetes.js";
export * as log from "./log.js";
export { defineModule } from "./module.js";
export * as names from "./names.js";
export { Need, Output, Patch, Secret, SecretSource } from "./output.js";
export { Pointer } from "./pointer.js";
export { Problems, Rejection } from "./rejection.js";
export { Request } from "./request.js";
export { Resource, pathReference } from "./resource.js";
