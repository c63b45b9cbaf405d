/** What a module author imports. */

/** Any JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** JSON in a manifest, in which what may be absent can stand as it is. */
export type Manifest = { [key: string]: unknown };

/** Names that say where a call belongs. */
export interface Scope {
  readonly project: string;
  readonly stack: string;
  readonly workspace: string;
  readonly app: string;
  /** The Kubernetes namespace of the stack's resources. A module never computes it. */
  readonly namespace: string;
}

/** A file or folder that an earlier answer of the module asked for. */
export interface Input {
  readonly kind: string;
  readonly need: Json;
  readonly answer: Json;
}

/** The Kubernetes object that runs the app's containers. */
export interface WorkloadResource {
  /** The id of the resource, for patches. */
  readonly id: string;
  /** The API version, for example `apps/v1`. */
  readonly apiVersion: string;
  /** The kind, for example `Deployment`. */
  readonly kind: string;
  /** The object's name. */
  readonly name: string;
}

/** One call: what the developer and the platform team wrote, and where it belongs. */
export class Request<Config = unknown, Platform = unknown> {
  constructor(members: Partial<Request<Config, Platform>>);
  readonly scope: Scope;
  /** The accessory's name in `app.yaml`; empty for the workload. */
  readonly accessory: string;
  /** Labels of the app. */
  readonly labels: Record<string, string>;
  /** Annotations of the app. */
  readonly annotations: Record<string, string>;
  readonly config: Config;
  readonly platform: Platform;
  /** The app's workload as the developer wrote it, without secret values; `null` without one. */
  readonly workload: Json;
  /** The keys of the workspace's `context` that the module asked for. */
  readonly context: Json;
  /** Answers to the needs of an earlier round. */
  readonly inputs: Input[];
  readonly extensions: Json;
  /** The name of the app's main resource. */
  uniqueAppName(): string;
  /** The name of a further resource of the app. */
  uniqueName(suffix: string): string;
  /** The name of a resource of this accessory; two accessories of one module get different names. */
  accessoryName(module: string, suffix: string): string;
  /** The labels by which the app's pods are found. */
  selector(): Record<string, string>;
  /** The labels for an object of the app: the app's own with those of `selector` on top. */
  objectLabels(): Record<string, string>;
  /** The text that stands for the secret `name` of this call until the host resolves it. */
  secretReference(name: string): string;
  /** The resource that runs the app's containers, for a module with `needsWorkloadResource`; not without a workload. */
  workloadResource(): WorkloadResource | undefined;
  /** The names of the workload's containers, sorted; empty without a workload. */
  containerNames(): string[];
}

/** A place in `/config`, `/platform` or `/workload`: a JSON Pointer (RFC 6901). */
export class Pointer {
  /** Takes a pointer that is written out, with `~` and `/` inside keys already escaped. */
  constructor(text: string);
  static config(): Pointer;
  static platform(): Pointer;
  static workload(): Pointer;
  /** Goes on to the member `key` of an object. */
  key(key: string): Pointer;
  /** Goes on to the element `index` of a list, counted from zero. */
  index(index: number): Pointer;
  /** Means the name of the member that it points at, and not its value. */
  name(): Pointer;
  toString(): string;
}

/** One thing that is wrong with what a user wrote: lower case, no full stop, names in backticks. */
export interface Problem {
  pointer: string;
  message: string;
}

/** Thrown by `generate` if the request cannot be served: an answer, not a crash. */
export class Rejection extends Error {
  constructor(kind: "invalid", value: Problem[]);
  constructor(kind: "unsupported" | "failed", value: string);
  readonly kind: "invalid" | "unsupported" | "failed";
  readonly value: Problem[] | string;
  /** Rejects one place of the request; `Problems` collects several. */
  static invalid(pointer: Pointer | string, message: string): Rejection;
  /** Says that this version of the module cannot serve a request that is fine as such. */
  static unsupported(message: string): Rejection;
  /** Says that something else went wrong. */
  static failed(message: string): Rejection;
}

/** Collects everything that is wrong, so that a user sees all of it at once. */
export class Problems {
  add(pointer: Pointer | string, message: string): void;
  /** Throws a rejection with every problem noted, if there is one. */
  finish(): void;
}

/** A Kubernetes object or a resource of a provider; `kubernetes.object` makes one. */
export class Resource {
  constructor(id: string, type: string, attributes: Manifest);
  id: string;
  type: string;
  attributes: Manifest;
  dependsOnIds: string[];
  extensions: Record<string, Json>;
  /** Marks the resource that runs the app's containers; a module of kind `workload` marks exactly one. */
  workload(): this;
  /** Adds the id of a resource that must exist before this one. */
  dependsOn(id: string): this;
  /** Adds a fact for the host. */
  extension(key: string, value: Json): this;
  /** The text that stands for an attribute of this resource until it is known. */
  pathReference(attribute: string): string;
}

/** The text that stands for an attribute of another resource until it is known. */
export function pathReference(id: string, attribute: string): string;

/** A variable of a container, as `kubernetes.env` makes it. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: Json;
}

/** A change to the app's workload or to any other resource. */
export class Patch {
  constructor(tag: string, value: unknown);
  readonly tag: string;
  readonly value: unknown;
  /** Adds environment variables to every container of the workload. */
  static env(variables: Iterable<EnvVar>): Patch;
  /** Adds labels to the workload's own object. */
  static labels(labels: Record<string, string>): Patch;
  /** Adds annotations to the workload's own object. */
  static annotations(annotations: Record<string, string>): Patch;
  /** Adds labels to the workload's pods. */
  static podLabels(labels: Record<string, string>): Patch;
  /** Adds annotations to the workload's pods. */
  static podAnnotations(annotations: Record<string, string>): Patch;
  /**
   * Adds volumes (core/v1 `Volume`) to the workload's pods, and mounts them (core/v1 `VolumeMount`) into the `container` that
   * a mount names, or into all.
   */
  static volumes(volumes: Iterable<Json>, mounts: Iterable<Json>): Patch;
  /** Changes another resource by a JSON Patch (RFC 6902): a list of operations. */
  static json(id: string, operations: Json[]): Patch;
  /** Changes another resource by a JSON Merge Patch (RFC 7396). */
  static merge(id: string, document: Json): Patch;
}

/** Where the host takes a secret from. */
export class SecretSource {
  constructor(tag: string, value: unknown);
  readonly tag: string;
  readonly value: unknown;
}

/** A secret a module asks for and never sees; `Request.secretReference` stands for its value. */
export class Secret {
  constructor(name: string, source: SecretSource);
  readonly name: string;
  readonly source: SecretSource;
  /** Asks for a random text, drawn once and kept; without `alphabet` of letters and digits. */
  static generated(name: string, length: number, alphabet?: string): Secret;
  /** Asks for a value of the workspace's secret store, by a reference somebody wrote. */
  static external(name: string, reference: string): Secret;
}

/** Something the host must read before the module can answer. */
export class Need {
  constructor(kind: string, document: Json);
  readonly kind: string;
  readonly document: Json;
  /** Asks for a file below the stack's folder. */
  static file(path: string): Need;
  /** Asks for all files of a folder below the stack's folder. */
  static folder(path: string): Need;
}

/** The answer to a request, built step by step. */
export class Output {
  resources: Resource[];
  patches: Patch[];
  secrets: Secret[];
  needs: Need[];
  extensions: Record<string, Json>;
  resource(...resources: Resource[]): this;
  patch(...patches: Patch[]): this;
  secret(...secrets: Secret[]): this;
  need(...needs: Need[]): this;
}

/** What a value can be. */
export type SchemaType = "object" | "array" | "string" | "integer" | "number" | "boolean" | "null";

/**
 * A JSON Schema. Its words `type`, `properties`, `required`, `additionalProperties`, `items`, `prefixItems`, `enum`,
 * `minimum`, `maximum`, `default`, `$ref` and `allOf` also decode; what others describe is handed on as it is.
 */
export interface Schema {
  type?: SchemaType | readonly SchemaType[];
  description?: string;
  properties?: Readonly<Record<string, Schema | boolean>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  items?: Schema | boolean;
  prefixItems?: readonly (Schema | boolean)[];
  enum?: readonly Json[];
  minimum?: number;
  maximum?: number;
  default?: Json;
  /** A JSON Pointer into this schema, such as `#/$defs/port`. */
  $ref?: string;
  $defs?: Readonly<Record<string, Schema | boolean>>;
  allOf?: readonly (Schema | boolean)[];
  [word: string]: unknown;
}

/** What a module says about itself, and its function. */
export interface Module<Config, Platform> {
  /** The module's name, for example `network`. */
  name: string;
  /** Its semantic version: that of package.json. */
  version: string;
  /** One sentence for listings. */
  summary: string;
  /** The part it plays; an accessory unless it says otherwise. */
  kind?: "accessory" | "workload";
  /** Keys of the workspace's `context` that it wants to see. */
  contextKeys?: readonly string[];
  /** Types of resources it can make, for example `apps/v1:Deployment`. */
  resourceTypes?: readonly string[];
  /** Whether it must know which resource runs the app's containers; `Request.workloadResource` says so then. */
  needsWorkloadResource?: boolean;
  /** What a developer writes in `app.yaml`. */
  config?: Schema;
  /** What the platform team writes in the workspace; everything in it has a default. */
  platform?: Schema;
  /** Answers one request, or throws a `Rejection`. The same request must give the same answer. */
  generate(request: Request<Config, Platform>): Output;
}

/** What a component exports. */
export interface Generator {
  describe(): Record<string, unknown>;
  generate(request: Record<string, unknown>): Record<string, unknown>;
}

/** Makes a module. Export the result as `generator`. */
export function defineModule<Config = any, Platform = any>(module: Module<Config, Platform>): Generator;

/** Kubernetes objects: ids, the wrapper round a manifest, environment variables. */
export namespace kubernetes {
  /** Makes a resource of a manifest. Members whose value is `null` or `undefined` are left out. */
  function object(manifest: Manifest): Resource;
  /** Builds the id of an object: `apiVersion:Kind[:namespace]:name`. */
  function id(apiVersion: string, kind: string, namespace: string | undefined, name: string): string;
  /** Makes an environment variable with a value. `$(OTHER)` in it refers to another variable. */
  function env(name: string, value: string): EnvVar;
  /** Makes an environment variable whose value is one key of a Secret. */
  function envFromSecret(name: string, secret: string, key: string): EnvVar;
  /** Leaves an empty object or list out of a manifest: gives `undefined` for it, which `object` drops. */
  function unlessEmpty<T extends object>(collection: T): T | undefined;
}

/** Names for resources: unique within a namespace, stable between runs, and short enough. */
export namespace names {
  const MAX_LENGTH: number;
  const PART_OF_LABEL: string;
  const NAME_LABEL: string;
  const STACK_LABEL: string;
  /** `<project>-<stack>-<app>`, as `dnsLabel`. */
  function uniqueAppName(scope: Scope): string;
  /** `<project>-<stack>-<app>-<suffix>`. */
  function uniqueName(scope: Scope, suffix: string): string;
  /** Joins two texts by a dash into a valid DNS label, keeping the suffix readable. */
  function withSuffix(base: string, suffix: string): string;
  /** Turns any text into a DNS label (RFC 1123). */
  function dnsLabel(text: string): string;
  /** Turns any text into the name of a Service, which must begin with a letter. */
  function serviceName(text: string): string;
  /** Turns any text into the value of a label. */
  function labelValue(text: string): string;
  /** Turns any text into the part of an environment variable's name. */
  function envSuffix(text: string): string;
  /** The labels by which an app's pods are found. */
  function appLabels(scope: Scope): Record<string, string>;
}

/** Lines for whoever runs kusion; they never reach a resource. */
export namespace log {
  function trace(message: unknown): void;
  function debug(message: unknown): void;
  function info(message: unknown): void;
  function warn(message: unknown): void;
  function error(message: unknown): void;
}
