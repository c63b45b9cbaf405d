/** How a module says no: a rejection is an answer, not a crash. */

/** Thrown by `generate` if the request cannot be served. */
export class Rejection extends Error {
  /** @param {"invalid" | "unsupported" | "failed"} kind */
  constructor(kind, value) {
    super(kind === "invalid" ? value.map((it) => `${it.pointer}: ${it.message}`).join("; ") : value);
    this.name = "Rejection";
    this.kind = kind;
    this.value = value;
  }

  /** Rejects one place of the request; `Problems` collects several. */
  static invalid(pointer, message) {
    return new Rejection("invalid", [{ pointer: String(pointer), message }]);
  }

  /** Says that this version of the module cannot serve a request that is fine as such. */
  static unsupported(message) {
    return new Rejection("unsupported", message);
  }

  /** Says that something else went wrong. */
  static failed(message) {
    return new Rejection("failed", message);
  }
}

/** Collects everything that is wrong, so that a user sees all of it at once. */
export class Problems {
  #list = [];

  /** Notes one problem. */
  add(pointer, message) {
    this.#list.push({ pointer: String(pointer), message });
  }

  /** Throws a rejection with every problem noted, if there is one. */
  finish() {
    if (this.#list.length > 0) throw new Rejection("invalid", this.#list);
  }
}
