/**
 * How a command runs in a droplet: a private writable copy of the droplet's tree under /home/vcap, the app's directory as
 * HOME and working directory, profile scripts sourced, then the command by bash. Source: Cloud Foundry's documented
 * droplet layout (`app/`, `deps/`, `profile.d/`, `staging_info.yml`) and buildpack app life cycle.
 */
import type { RunSpec } from '../core/step-spec.ts'

const HOME = '/home/vcap'
const TREE = '/run/droplet'

/** $1 is the command. Every `exec` keeps signals going to the program itself. */
const LAUNCHER = `cp -a ${TREE}/. ${HOME}/ || exit 1
cd ${HOME}/app || exit 1
for script in ${HOME}/profile.d/*.sh ${HOME}/app/.profile.d/*.sh; do [ -r "$script" ] && . "$script"; done
[ -r ${HOME}/app/.profile ] && . ${HOME}/app/.profile
if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; fi
exec sh -c "$1"`

export interface DropletRun {
  /** The droplet's tree on this machine. */
  readonly tree: string
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  /** Log rate, bytes a second; absent: as it comes. */
  readonly bytesPerSecond?: number
}

/** A program of this machine in a droplet's tree, as user 2000 (`vcap`) where the server may choose users. */
export function dropletRun({ tree, command, env, bytesPerSecond }: DropletRun): RunSpec {
  return {
    kind: 'run',
    argv: ['/bin/sh', '-c', LAUNCHER, 'launcher', command],
    executor: 'process',
    env: { HOME: `${HOME}/app`, USER: 'vcap', LOGNAME: 'vcap', DEPS_DIR: `${HOME}/deps`, TMPDIR: '/tmp', ...env },
    workdir: '/',
    ...(process.getuid?.() === 0 && { user: '2000:2000' }),
    mounts: [
      { kind: 'bind', source: tree, target: TREE, readOnly: true, trusted: true },
      { kind: 'workspace', target: HOME },
    ],
    ...(bytesPerSecond !== undefined && { logs: { bytesPerSecond } }),
  }
}

/** The same in a container: the image's own files, the command by its shell. */
export const imageRun = (image: string, run: Omit<DropletRun, 'tree'>): RunSpec => ({
  kind: 'run',
  image,
  entrypoint: ['/bin/sh', '-c'],
  argv: [run.command],
  env: run.env,
  ...(run.bytesPerSecond !== undefined && { logs: { bytesPerSecond: run.bytesPerSecond } }),
})
