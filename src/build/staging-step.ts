import type { MountSpec, StepSpec } from '../core/step-spec.ts'
import { DEFAULT_STOP } from '../core/step-spec.ts'

export type StagingForm = 'bits' | 'droplet' | 'tree'

export interface StagingRequest {
  /** How `unpack-program.ts` is run. */
  readonly program: { readonly argv: readonly string[]; readonly mounts: readonly MountSpec[] }
  /** `bits`: what becomes `app/`. `droplet`: a whole droplet archive. `tree`: another droplet's tree, copied. */
  readonly form: StagingForm
  /** The archive, or the other tree, on this machine. */
  readonly archive: string
  /** Directory of all trees, and the new one's name in it. */
  readonly trees: string
  readonly tree: string
  readonly labels: Readonly<Record<string, string>>
  /** Whether the step sees only what it is shown. */
  readonly sandboxed: boolean
}

/** Exit code of an archive that is broken: the sender's fault. Diego's exit code of a buildpack that failed to compile. */
export const BROKEN_ARCHIVE = 223
const STAGING_TIMEOUT_MS = 15 * 60_000

/** Making a droplet's tree, as the one step of an execution. Run twice it does no harm, so a lost attempt is tried again. */
export function stagingStep(request: StagingRequest): StepSpec {
  const { program, sandboxed } = request
  const [archive, trees] = sandboxed ? [ARCHIVE, TREES] : [request.archive, request.trees]
  return {
    name: 'stage',
    group: 0,
    conditions: [],
    essential: true,
    endsExecution: 'onExit',
    resources: {},
    timeoutMs: STAGING_TIMEOUT_MS,
    retry: { on: 'failure', limit: 2, exitCodes: [] },
    stop: DEFAULT_STOP,
    work: {
      kind: 'run',
      argv: [...program.argv, request.form, archive, trees, request.tree],
      executor: 'process',
      // The archive and the trees are the server's own; whoever else programs are here could not read them.
      ...(process.getuid?.() === 0 && { user: '0:0' }),
      env: {},
      ...(sandboxed && { mounts: mountsOf(request) }),
    },
    labels: request.labels,
  }
}

const mountsOf = ({ program, archive, trees }: StagingRequest): readonly MountSpec[] => [
  ...program.mounts,
  { kind: 'bind', source: archive, target: ARCHIVE, readOnly: true, trusted: true },
  { kind: 'bind', source: trees, target: TREES, trusted: true },
]

const ARCHIVE = '/tmp/archive'
const TREES = '/tmp/trees'
