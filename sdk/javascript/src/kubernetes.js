/** Kubernetes objects: ids, the wrapper round a manifest, environment variables. */

import { Resource } from "./resource.js";

/**
 * Makes a resource of a Kubernetes manifest.
 *
 * The id is read from the manifest. Members whose value is `null` or `undefined` are left out, so what may be absent
 * can stand in the manifest as it is.
 */
export function object(manifest) {
  const kept = withoutNulls(manifest);
  const apiVersion = textOf(kept.apiVersion);
  const kind = textOf(kept.kind);
  const metadata = kept.metadata ?? {};
  const namespace = typeof metadata.namespace === "string" ? metadata.namespace : undefined;
  const resource = new Resource(id(apiVersion, kind, namespace, textOf(metadata.name)), "Kubernetes", kept);
  const slash = apiVersion.includes("/") ? "" : "/";
  return resource.extension("GVK", `${slash}${apiVersion}, Kind=${kind}`);
}

/** Builds the id of a Kubernetes object: `apiVersion:Kind[:namespace]:name`. */
export function id(apiVersion, kind, namespace, name) {
  return [apiVersion, kind, ...(namespace === undefined ? [] : [namespace]), name].join(":");
}

/** Makes an environment variable with a value. `$(OTHER)` in it refers to another variable. */
export function env(name, value) {
  return { name, value };
}

/** Makes an environment variable whose value is one key of a Secret. */
export function envFromSecret(name, secret, key) {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}

/** Leaves an empty object or list out of a manifest: gives `undefined` for it, which `object` drops. */
export function unlessEmpty(collection) {
  return Object.keys(collection).length === 0 ? undefined : collection;
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}

function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}
