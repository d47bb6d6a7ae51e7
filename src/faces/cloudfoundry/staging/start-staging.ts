import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type StagingForm, stagingStep } from '../../../build/staging-step.ts'
import type { ExecutionId, Tenant } from '../../../core/identity.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import type { FaceContext } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import { unavailable } from '../errors.ts'
import type { Call } from '../operation.ts'
import { STAGING_LABEL, type StagingPurpose } from './react-to-staging.ts'

const UNPACK = new URL('../../../build/unpack-program.ts', import.meta.url)
const DAY_MS = 86_400_000

/** Where the trees of this face's droplets lie; one directory a foundation. */
export function treesOf(context: Pick<FaceContext, 'directoryOf'>, tenant: Tenant): string {
  const directory = join(context.directoryOf(FACE), 'droplets', encodeURIComponent(tenant))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** Makes a droplet's tree from an uploaded archive or another's tree: an execution; what becomes of it, the reactor records. */
export async function startStaging(
  call: Call,
  what: {
    readonly id?: ExecutionId
    /** Key of the archive's object, or the droplet whose tree is copied. */
    readonly from: { readonly key: string } | { readonly droplet: string }
    readonly form: StagingForm
    readonly app: string
    readonly purpose: StagingPurpose
  },
  changes: readonly DocumentChange[],
): Promise<void> {
  const { context, caller } = call
  const trees = treesOf(context, caller.tenant)
  const archive =
    'key' in what.from ? await context.objects.path(caller.tenant, what.from.key) : join(trees, what.from.droplet)
  if (archive === undefined) throw unavailable('the uploaded bits are not on this machine')
  const step = stagingStep({
    program: context.program(UNPACK),
    form: what.form,
    archive,
    trees,
    tree: what.purpose.droplet,
    sandboxed: call.options.sandboxed(),
    labels: { [STAGING_LABEL]: JSON.stringify(what.purpose) },
  })
  await context.engine.submit(caller.principal, [
    {
      ...(what.id !== undefined && { id: what.id }),
      plan: { steps: [step] },
      name: 'staging',
      face: FACE,
      refs: { kind: 'staging', app: what.app },
      retentionMs: DAY_MS,
      changes,
    },
  ])
}
