/** One thing to create, whatever runs it. */

/** The extension that marks the resource which runs the app's containers. */
const IS_WORKLOAD = "kusion.io/is-workload";

/** A Kubernetes object or a resource of a provider; `kubernetes.object` makes one. */
export class Resource {
  constructor(id, type, attributes) {
    this.id = id;
    this.type = type;
    this.attributes = attributes;
    this.dependsOnIds = [];
    this.extensions = {};
  }

  /** Marks the resource that runs the app's containers; a module of kind `workload` marks exactly one. */
  workload() {
    return this.extension(IS_WORKLOAD, true);
  }

  /** Adds the id of a resource that must exist before this one. */
  dependsOn(id) {
    this.dependsOnIds.push(id);
    return this;
  }

  /** Adds a fact for the host. */
  extension(key, value) {
    this.extensions[key] = value;
    return this;
  }

  /** The text that stands for an attribute of this resource, see `pathReference`. */
  pathReference(attribute) {
    return pathReference(this.id, attribute);
  }
}

/** The text that stands for an attribute of another resource until it is known. */
export function pathReference(id, attribute) {
  return `$kusion_path.${id}.${attribute}`;
}
