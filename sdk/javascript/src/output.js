/** What a module answers. */

/** Something the host must read before the module can answer. */
export class Need {
  constructor(kind, document) {
    this.kind = kind;
    this.document = document;
  }

  /** Asks for a file below the stack's folder. */
  static file(path) {
    return new Need("file", { path });
  }

  /** Asks for all files of a folder below the stack's folder. */
  static folder(path) {
    return new Need("folder", { path });
  }
}

/** A change to the app's workload or to any other resource. */
export class Patch {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }

  /** Adds environment variables to every container of the workload. */
  static env(variables) {
    return new Patch("env", [...variables]);
  }

  /** Adds labels to the workload's own object. */
  static labels(labels) {
    return new Patch("labels", { ...labels });
  }

  /** Adds annotations to the workload's own object. */
  static annotations(annotations) {
    return new Patch("annotations", { ...annotations });
  }

  /** Adds labels to the workload's pods. */
  static podLabels(labels) {
    return new Patch("pod-labels", { ...labels });
  }

  /** Adds annotations to the workload's pods. */
  static podAnnotations(annotations) {
    return new Patch("pod-annotations", { ...annotations });
  }

  /** Adds volumes to the workload's pods, and mounts them into the `container` that a mount names, or into all. */
  static volumes(volumes, mounts) {
    return new Patch("other", { kind: "volumes", document: { volumes: [...volumes], mounts: [...mounts] } });
  }

  /** Changes another resource by a JSON Patch (RFC 6902): a list of operations. */
  static json(id, operations) {
    return new Patch("json-patch", { id, document: operations });
  }

  /** Changes another resource by a JSON Merge Patch (RFC 7396). */
  static merge(id, document) {
    return new Patch("merge-patch", { id, document });
  }
}

/** Where the host takes a secret from. */
export class SecretSource {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** A secret a module asks for and never sees; `Request.secretReference` stands for its value. */
export class Secret {
  constructor(name, source) {
    this.name = name;
    this.source = source;
  }

  /** Asks for a random text, drawn once and kept; without `alphabet` of letters and digits. */
  static generated(name, length, alphabet = "") {
    return new Secret(name, new SecretSource("generated", { length, alphabet }));
  }

  /** Asks for a value of the workspace's secret store, by a reference somebody wrote. */
  static external(name, reference) {
    return new Secret(name, new SecretSource("external", reference));
  }
}

/** The answer to a request, built step by step. */
export class Output {
  constructor() {
    this.resources = [];
    this.patches = [];
    this.secrets = [];
    this.needs = [];
    this.extensions = {};
  }

  /** Adds resources. */
  resource(...resources) {
    this.resources.push(...resources);
    return this;
  }

  /** Adds patches. */
  patch(...patches) {
    this.patches.push(...patches);
    return this;
  }

  /** Asks for secrets. */
  secret(...secrets) {
    this.secrets.push(...secrets);
    return this;
  }

  /** Asks the host to read something and to call again. */
  need(...needs) {
    this.needs.push(...needs);
    return this;
  }
}
