/** What the host offers to the process executor; found by `probeHost`, passed to cells as it is. */
export interface HostFacts {
  /** Absolute path of bubblewrap, where it is installed and works for this user. */
  readonly bwrap?: string
  /** Absolute path of the launcher that runs on this architecture. */
  readonly launcher?: string
  /** Absolute path of pasta (package passt). */
  readonly pasta?: string
  /** What private networks are made with; absent where they do not work. */
  readonly network?: NetworkFacts
  /** Absolute path of mkfs.ext4, where this process can give workspaces a size; absent: they are only watched. */
  readonly mkfs?: string
  readonly uid: number
  readonly gid: number
  /** Whether an ordinary user may make user namespaces. */
  readonly userNamespaces: boolean
  readonly cgroups: CgroupFacts
  readonly descriptorLimit: number
  /** Top level of the root file system as a sandbox shows it. */
  readonly systemPaths: readonly SystemPath[]
}

export interface NetworkFacts {
  /** Absolute path of the relay that carries host ports inside. */
  readonly relay: string
  /** Who owns the networks and runs pasta: nobody, unless only root may open /dev/net/tun. */
  readonly uid: number
  readonly gid: number
}

export type SystemPath =
  | { readonly path: string; readonly kind: 'directory' }
  | { readonly path: string; readonly kind: 'link'; readonly to: string }

/**
 * Directories in which cells may make control groups; absent where the host does not let us.
 * `v1`: one directory per controller. `kill`: a v2 tree, with or without controllers, whose groups have `cgroup.kill`.
 */
export interface CgroupFacts {
  readonly version: 'v1' | 'v2' | 'none'
  readonly memory?: string
  readonly cpu?: string
  readonly cpuacct?: string
  readonly pids?: string
  readonly kill?: string
  /** The kernel counts swap as well, so that a limit on memory can forbid it. */
  readonly swapAccounting: boolean
  /** Why nothing better was found. */
  readonly remark?: string
}
