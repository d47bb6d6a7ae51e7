/** What the operator or the server says of this face. */
export interface OnaOptions {
  /** Directories below which `file://` environments may lie. None: there are none such. */
  readonly workspaceRoots: readonly string[]
  /** CIDRs that a clone may reach although they are not public. */
  readonly allowAddresses: readonly string[]
  /** Programs run in a sandbox of their own, so a workspace can be shown at the vendor's path. */
  readonly sandboxed: () => boolean
  /** There is a container engine. */
  readonly containers: () => boolean
  /** Between two lines that only keep a stream alive, ms. Clients' HTTP stacks end streams idle for 300 s. */
  readonly heartbeatMs: number
}

export const DEFAULT_OPTIONS: OnaOptions = {
  workspaceRoots: [],
  allowAddresses: [],
  sandboxed: () => true,
  containers: () => false,
  heartbeatMs: 30_000,
}
