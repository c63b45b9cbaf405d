/** JSON Pointers (RFC 6901): how a module says which part of the user's text is wrong. */

/** A place in `/config`, `/platform` or `/workload`. */
export class Pointer {
  #text;

  /** Takes a pointer that is written out, with `~` and `/` inside keys already escaped. */
  constructor(text) {
    this.#text = text;
  }

  /** Points at what the developer wrote for this module. */
  static config() {
    return new Pointer("/config");
  }

  /** Points at what the platform team wrote for this module. */
  static platform() {
    return new Pointer("/platform");
  }

  /** Points at the app's workload. */
  static workload() {
    return new Pointer("/workload");
  }

  /** Goes on to the member `key` of an object. */
  key(key) {
    const escaped = key.replaceAll("~", "~0").replaceAll("/", "~1");
    return new Pointer(`${this.#text}/${escaped}`);
  }

  /** Goes on to the element `index` of a list, counted from zero. */
  index(index) {
    return new Pointer(`${this.#text}/${index}`);
  }

  /** Means the name of the member that it points at, and not its value. */
  name() {
    return new Pointer(`${this.#text}#`);
  }

  toString() {
    return this.#text;
  }
}
