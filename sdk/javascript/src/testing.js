/** Calls a module in a test exactly as the host would, from plain values. */

import * as kubernetes from "./kubernetes.js";
import * as names from "./names.js";
import { WORKLOAD_RESOURCE } from "./request.js";

/** A request with defaults: project `shop`, stack and workspace `dev`, app `web`, namespace `shop`. */
export function call(generator, members = {}) {
  const { name, kind, extensions } = generator.describe();
  const document = (value) => JSON.stringify(value);
  const scope = { project: "shop", stack: "dev", workspace: "dev", app: "web", namespace: "shop", ...members.scope };
  const wanted = JSON.parse(extensions).requests ?? [];
  const told = wanted.includes(WORKLOAD_RESOURCE) && members.workload != null;
  const request = {
    scope,
    accessory: members.accessory ?? (kind === "workload" ? "" : name),
    labels: Object.entries(members.labels ?? {}),
    annotations: Object.entries(members.annotations ?? {}),
    config: document(members.config ?? {}),
    platform: document(members.platform ?? {}),
    workload: document(members.workload ?? null),
    context: document(members.context ?? {}),
    inputs: (members.inputs ?? []).map(({ kind, need, answer }) => ({
      kind,
      need: document(need),
      answer: document(answer),
    })),
    extensions: document(told ? { [WORKLOAD_RESOURCE]: workloadResource(scope, members.workloadKind) } : {}),
  };
  try {
    return { output: raised(generator.generate(request)) };
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    return { rejection: { [thrown.tag]: thrown.val } };
  }
}

/** What the host tells of the resource that runs the app's containers: of a Deployment unless the test says otherwise. */
function workloadResource(scope, [apiVersion, kind] = ["apps/v1", "Deployment"]) {
  const name = names.uniqueAppName(scope);
  return { id: kubernetes.id(apiVersion, kind, scope.namespace, name), apiVersion, kind, name };
}

/** The answer with its documents read. */
function raised(output) {
  const inner = (tag, value) => {
    if (tag === "env") return JSON.parse(value);
    if (tag === "other") return { kind: value.kind, document: JSON.parse(value.document) };
    if (tag.endsWith("-patch")) return { id: value.id, document: JSON.parse(value.document) };
    return Object.fromEntries(value);
  };
  return {
    resources: output.resources.map(({ id, type, attributes, dependsOn, extensions }) => ({
      id,
      type,
      attributes: JSON.parse(attributes),
      dependsOn,
      extensions: JSON.parse(extensions),
    })),
    patches: output.patches.map(({ tag, val }) => ({ [tag]: inner(tag, val) })),
    secrets: output.secrets.map(({ name, source }) => ({ name, source: { [source.tag]: source.val } })),
    needs: output.needs.map(({ kind, document }) => ({ kind, document: JSON.parse(document) })),
  };
}
