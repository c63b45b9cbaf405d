/** Calls a module in a test exactly as the host would, from plain values. */

/** A request with defaults: project `shop`, stack and workspace `dev`, app `web`, namespace `shop`. */
export function call(generator, members = {}) {
  const { name, kind } = generator.describe();
  const document = (value) => JSON.stringify(value);
  const request = {
    scope: { project: "shop", stack: "dev", workspace: "dev", app: "web", namespace: "shop", ...members.scope },
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
    extensions: "{}",
  };
  try {
    return { output: raised(generator.generate(request)) };
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    return { rejection: { [thrown.tag]: thrown.val } };
  }
}

/** The answer with its documents read. */
function raised(output) {
  const inner = (tag, value) => {
    if (tag === "env") return JSON.parse(value);
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
