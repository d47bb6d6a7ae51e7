import type { MountSpec, StepSpec } from '../core/step-spec.ts'
import { DEFAULT_STOP } from '../core/step-spec.ts'

export interface ReceiveRequest {
  /** The pack that was sent, on this machine. */
  readonly pack: string
  /** A bare repository on this machine; made when first pushed to. */
  readonly repository: string
  /** Full id of the commit whose files are wanted. */
  readonly commit: string
  /** Directory on this machine, and the name of the archive to be made in it. */
  readonly archives: string
  readonly archive: string
}

const LIMIT_MS = 15 * 60_000
const REPOSITORY = '/tmp/repository.git'
const PACK = '/tmp/pack'
const ARCHIVES = '/tmp/archives'

/**
 * Keeps a pushed pack and makes a tar archive of the commit's files, as the one step of an execution. Run twice it does
 * no harm. Attributes of the tree that would leave files out of an archive do not count: a checkout is what is packed.
 */
export const receiveStep = (request: ReceiveRequest): StepSpec => ({
  name: 'receive',
  group: 0,
  conditions: [],
  essential: true,
  endsExecution: 'onExit',
  resources: {},
  timeoutMs: LIMIT_MS,
  retry: { on: 'failure', limit: 1, exitCodes: [128] },
  stop: DEFAULT_STOP,
  work: {
    kind: 'run',
    argv: ['/bin/sh', '-c', SCRIPT, request.commit, request.archive],
    executor: 'process',
    // The repository is the server's own; whoever else programs are here could not write it.
    ...(process.getuid?.() === 0 && { user: '0:0' }),
    env: GIT_ENVIRONMENT,
    sandbox: { mode: 'on', writable: 'private' },
    mounts: mountsOf(request),
    network: { mode: 'none' },
  },
})

/** Nothing of this machine's settings, and no question of who owns the directory. */
const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/tmp',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '3',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_CONFIG_KEY_1: 'core.autocrlf',
  GIT_CONFIG_VALUE_1: 'false',
  GIT_CONFIG_KEY_2: 'core.protectNTFS',
  GIT_CONFIG_VALUE_2: 'true',
}

/** A commit of which a file is missing ends it: `checkout-index` does not go on. */
const SCRIPT = `set -e
command -v git > /dev/null || { echo 'git is not installed on this machine' >&2; exit 1; }
export GIT_DIR=${REPOSITORY}
git init --quiet --bare --initial-branch=main "$GIT_DIR"
git index-pack --stdin --fix-thin --strict < ${PACK} > /dev/null
git cat-file -e "$0^{tree}"
git update-ref "refs/pushed/$0" "$0"
tree=$(mktemp -d)
export GIT_INDEX_FILE=$(mktemp -u) GIT_WORK_TREE="$tree"
git read-tree "$0"
cd "$tree"
git checkout-index --all --quiet
tar -cf "${ARCHIVES}/$1" --owner=0 --group=0 -C "$tree" .
`

const mountsOf = ({ pack, repository, archives }: ReceiveRequest): readonly MountSpec[] => [
  { kind: 'bind', source: pack, target: PACK, readOnly: true, trusted: true },
  { kind: 'bind', source: repository, target: REPOSITORY, trusted: true },
  { kind: 'bind', source: archives, target: ARCHIVES, trusted: true },
]
