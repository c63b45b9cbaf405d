/** What the host asks of a module. */

import * as names from "./names.js";

/** What a description asks for, and the extension of a request that tells it. */
export const WORKLOAD_RESOURCE = "workloadResource";

/** One call: what the developer and the platform team wrote, and where it belongs. */
export class Request {
  constructor(members) {
    Object.assign(this, members);
  }

  /** The name of the app's main resource. */
  uniqueAppName() {
    return names.uniqueAppName(this.scope);
  }

  /** The name of a further resource of the app. */
  uniqueName(suffix) {
    return names.uniqueName(this.scope, suffix);
  }

  /** The name of a resource of this accessory; two accessories of one module get different names. */
  accessoryName(module, suffix) {
    if (this.accessory === "" || this.accessory === module) return this.uniqueName(suffix);
    return this.uniqueName(`${this.accessory}-${suffix}`);
  }

  /** The labels by which the app's pods are found. */
  selector() {
    return names.appLabels(this.scope);
  }

  /** The labels for an object of the app: the app's own with those of `selector` on top. */
  objectLabels() {
    return { ...this.labels, ...this.selector() };
  }

  /** The text that stands for the secret `name` of this call until the host resolves it. */
  secretReference(name) {
    return `$kusion_secret.${this.scope.app}.${this.accessory || "workload"}.${name}`;
  }

  /** The resource that runs the app's containers, for a module with `needsWorkloadResource`. */
  workloadResource() {
    return this.extensions?.[WORKLOAD_RESOURCE];
  }

  /** The names of the workload's containers, sorted; empty without a workload. */
  containerNames() {
    return Object.keys(this.workload?.containers ?? {}).sort();
  }
}
