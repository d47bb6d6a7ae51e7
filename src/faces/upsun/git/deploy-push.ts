/**
 * A push: each branch that it names is deployed to the environment of its name, the build's log shown as progress. A ref
 * is refused, and the push with it, when its deployment fails: what a branch says is what is deployed.
 */
import type { Readable } from 'node:stream'
import { isFinal } from '../../../core/execution.ts'
import { activityLog } from '../activity/activity-log.ts'
import { type Found, presentFound } from '../activity/find-activity.ts'
import type { Call } from '../call.ts'
import { deploy } from '../deployment/deploy.ts'
import { type DeployOptions, readDeployOptions } from '../deployment/deploy-options.ts'
import { checkPlace } from '../deployment/ensure-place.ts'
import { asUpsunError, badRequest } from '../errors.ts'
import type { Place } from '../task/mounts-of-task.ts'
import { refsOf } from './advertise-refs.ts'
import { band, FLUSH, pktLine } from './pkt-line.ts'
import { NO_COMMIT, type Push, type RefUpdate } from './read-push.ts'
import { withCommit } from './receive-commit.ts'

const BRANCH = 'refs/heads/'

/** The whole answer: progress, then the report on each ref. `key`: the object that holds the pack. */
export async function* answerPush(
  call: Call,
  project: string,
  push: Push,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const report: Buffer[] = [pktLine('unpack ok\n')]
  for (const update of push.updates) {
    let refusal: string | undefined
    for await (const told of deployUpdate(call, project, push, update, key, signal)) {
      if ('refusal' in told) refusal = told.refusal
      if (push.hasBands) yield* band(2, Buffer.from(`${'refusal' in told ? `E: ${told.refusal}` : told.text}\n`))
    }
    report.push(pktLine(refusal === undefined ? `ok ${update.ref}\n` : `ng ${update.ref} ${oneLine(refusal)}\n`))
  }
  const bytes = Buffer.concat([...report, FLUSH])
  if (push.hasBands) yield* band(1, bytes)
  yield push.hasBands ? FLUSH : bytes
}

/** Words for the user, in the end perhaps why the ref is refused. */
type Told = { readonly text: string } | { readonly refusal: string }

async function* deployUpdate(
  call: Call,
  project: string,
  push: Push,
  update: RefUpdate,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<Told> {
  try {
    const options = optionsOf(push)
    const where = { project, environment: update.ref.slice(BRANCH.length) }
    await checkUpdate(call, where, update)
    yield { text: 'Validating configuration files' }
    const commit = { id: update.after, isShallow: push.isShallow }
    const take = (tree: Readable): Promise<Found> => deploy(call, where, tree, options, commit)
    const found = await withCommit(call, { project, commit: update.after, key }, signal, take)
    yield* progressOf(call, found, signal)
  } catch (error) {
    const known = asUpsunError(error)
    if (!known) call.context.log.error({ err: error }, 'a push failed')
    yield { refusal: known?.message ?? 'the server could not process the push' }
  }
}

/** `-o size=import=1 -o timezone=Europe/Berlin`: what `taskport upsun deploy` takes. Throws 400. */
const optionsOf = (push: Push): DeployOptions =>
  readDeployOptions(
    new URLSearchParams(
      push.options.map((option): [string, string] => {
        const at = option.indexOf('=')
        return at === -1 ? [option, '1'] : [option.slice(0, at), option.slice(at + 1)]
      }),
    ),
  )

async function checkUpdate(call: Call, where: Place, { before, after, ref }: RefUpdate): Promise<void> {
  if (!ref.startsWith(BRANCH)) throw badRequest('only branches are deployed')
  if (after === NO_COMMIT) throw badRequest('a push deletes no environment')
  checkPlace(where)
  const now = new Map(await refsOf(call, where.project)).get(ref) ?? NO_COMMIT
  if (before !== now) throw badRequest('somebody else pushed to it meanwhile; push again')
}

async function* progressOf(call: Call, found: Found, signal: AbortSignal): AsyncGenerator<Told> {
  const { text, id } = presentFound(call, found) as { readonly text: string; readonly id: string }
  yield { text: `Processing activity: ${text.replaceAll('**', '')} (${id})` }
  for await (const { message } of activityLog(call, found, true, signal)) yield { text: `  ${message.trimEnd()}` }
  const end = await call.engine.waitFor(call.tenant, found.execution.id, isFinal, 1_000, signal)
  if (end?.status.state === 'succeeded') return yield { text: `Deployed to ${found.record.environment}` }
  yield { refusal: end ? `the deployment failed (activity ${id})` : 'the server ends; the deployment goes on' }
}

const oneLine = (text: string): string => text.split('\n')[0] ?? ''
