/**
 * How a command runs in a droplet: a private writable copy of the droplet's tree under /home/vcap, the app's directory as
 * HOME and working directory, profile scripts sourced, then the command by bash. Source: Cloud Foundry's documented
 * droplet layout (`app/`, `deps/`, `profile.d/`, `staging_info.yml`) and buildpack app life cycle.
 */
import type { MountSpec, RunSpec } from '../core/step-spec.ts'

const HOME = '/home/vcap'
const TREE = '/run/droplet'

/** Command, tree, root. Every `exec` keeps signals going to the program itself. */
const LAUNCHER = `root=\${3:-$TASKPORT_WORKSPACE}
HOME=$root/app DEPS_DIR=$root/deps
export HOME DEPS_DIR
cp -a "$2/." "$root/" || exit 1
cd "$HOME" || exit 1
for script in "$root"/profile.d/*.sh "$HOME"/.profile.d/*.sh; do [ -r "$script" ] && . "$script"; done
[ -r "$HOME/.profile" ] && . "$HOME/.profile"
if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; fi
exec sh -c "$1"`

export interface DropletRun {
  /** The droplet's tree on this machine. */
  readonly tree: string
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  /** Log rate, bytes a second; absent: as it comes. */
  readonly bytesPerSecond?: number
  /** Without a sandbox there is no /home/vcap: the task's workspace stands for it. */
  readonly sandboxed: boolean
}

/** A program of this machine in a droplet's tree, as user 2000 (`vcap`) where the server may choose users. */
export function dropletRun({ tree, command, env, bytesPerSecond, sandboxed }: DropletRun): RunSpec {
  const [from, root] = sandboxed ? [TREE, HOME] : [tree, '']
  return {
    kind: 'run',
    argv: ['/bin/sh', '-c', LAUNCHER, 'launcher', command, from, root],
    executor: 'process',
    env: { USER: 'vcap', LOGNAME: 'vcap', TMPDIR: '/tmp', ...env },
    ...(sandboxed && { workdir: '/', ...(process.getuid?.() === 0 && { user: '2000:2000' }), mounts: mountsOf(tree) }),
    ...(bytesPerSecond !== undefined && { logs: { bytesPerSecond } }),
  }
}

const mountsOf = (tree: string): readonly MountSpec[] => [
  { kind: 'bind', source: tree, target: TREE, readOnly: true, trusted: true },
  { kind: 'workspace', target: HOME },
]

/** The same in a container: the image's own files, the command by its shell. */
export const imageRun = (
  image: string,
  run: Omit<DropletRun, 'tree' | 'sandboxed'> & { readonly registrySecret?: string },
): RunSpec => ({
  kind: 'run',
  image,
  ...(run.registrySecret !== undefined && { registrySecret: run.registrySecret }),
  entrypoint: ['/bin/sh', '-c'],
  argv: [run.command],
  env: run.env,
  ...(run.bytesPerSecond !== undefined && { logs: { bytesPerSecond: run.bytesPerSecond } }),
})
