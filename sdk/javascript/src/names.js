/**
 * Names for resources: unique within a namespace, stable between runs, and short enough.
 *
 * Every name that does not already fit its rule is changed the same way: characters that are not allowed become `-`,
 * the text is cut, and a short hash of the whole original text is appended, so that two different texts keep two
 * different names. The SDKs of all languages make the same names.
 */

/** The most characters a Kubernetes label, and so most names, may have. */
export const MAX_LENGTH = 63;

/** Characters of a hash suffix, with its dash. */
const HASH_LENGTH = 9;

/** The label whose value is the project. */
export const PART_OF_LABEL = "app.kubernetes.io/part-of";

/** The label whose value is the app. */
export const NAME_LABEL = "app.kubernetes.io/name";

/** The label whose value is the stack. */
export const STACK_LABEL = "kusion.io/stack";

/** Builds the name of an app's main resource: `<project>-<stack>-<app>`, as `dnsLabel`. */
export function uniqueAppName(scope) {
  return dnsLabel(appText(scope));
}

/** Builds the name of a further resource of an app: `<project>-<stack>-<app>-<suffix>`. */
export function uniqueName(scope, suffix) {
  return withSuffix(appText(scope), suffix);
}

/** Joins `base` and `suffix` by a dash into a valid DNS label, keeping the suffix readable. */
export function withSuffix(base, suffix) {
  const full = `${base}-${suffix}`;
  if (isDnsLabel(full)) return full;
  const tail = dnsCharacters(suffix);
  const room = MAX_LENGTH - (HASH_LENGTH + 1 + tail.length);
  if (room <= 0 || tail === "") return dnsLabel(full);
  return `${cutAndHash(base, full, room)}-${tail}`;
}

/** Turns any text into a DNS label (RFC 1123). A text that is one already stays as it is. */
export function dnsLabel(text) {
  return isDnsLabel(text) ? text : cutAndHash(text, text, MAX_LENGTH - HASH_LENGTH);
}

/** Turns any text into the name of a Service, which must begin with a letter (RFC 1035). */
export function serviceName(text) {
  const name = dnsLabel(text);
  return /^[0-9]/.test(name) ? dnsLabel(`s-${name}`) : name;
}

/** Turns any text into the value of a label. An empty text is a valid value. */
export function labelValue(text) {
  const fits = text.length <= MAX_LENGTH && /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/.test(text);
  if (fits) return text;
  const replaced = [...text]
    .slice(0, MAX_LENGTH - HASH_LENGTH)
    .map((character) => (/[A-Za-z0-9._-]/.test(character) ? character : "-"))
    .join("");
  return joinHash(replaced.replace(/^[^A-Za-z0-9]+/, "").replace(/[^A-Za-z0-9]+$/, ""), text);
}

/** Turns any text into the part of an environment variable's name. */
export function envSuffix(text) {
  return [...text]
    .map((character) => (/^[A-Za-z0-9]$/.test(character) ? character.toUpperCase() : "_"))
    .join("");
}

/** The labels by which an app's pods are found. */
export function appLabels(scope) {
  return {
    [PART_OF_LABEL]: labelValue(scope.project),
    [STACK_LABEL]: labelValue(scope.stack),
    [NAME_LABEL]: labelValue(scope.app),
  };
}

function appText(scope) {
  return `${scope.project}-${scope.stack}-${scope.app}`;
}

function isDnsLabel(text) {
  return text.length <= MAX_LENGTH && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}

function dnsCharacters(text) {
  const replaced = [...text].map((character) => {
    // Only ASCII has its case changed, whatever else Unicode calls a capital letter.
    const lower = /[A-Z]/.test(character) ? character.toLowerCase() : character;
    return /[a-z0-9]/.test(lower) ? lower : "-";
  });
  return replaced.join("").replace(/^-+/, "").replace(/-+$/, "");
}

function cutAndHash(text, full, room) {
  return joinHash(dnsCharacters(text).slice(0, room).replace(/-+$/, ""), full);
}

function joinHash(head, full) {
  return `${head === "" ? "x" : head}-${shortHash(full)}`;
}

/** 64-bit FNV-1a folded to eight hexadecimal digits. It tells names apart; it protects nothing. */
function shortHash(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of utf8(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return ((hash >> 32n) ^ (hash & 0xffffffffn)).toString(16).padStart(8, "0");
}

function utf8(text) {
  return new TextEncoder().encode(text);
}
