import { invalid } from '../core/engine-error.ts'
import type { Submission } from '../core/execution.ts'
import type { StepSpec } from '../core/step-spec.ts'
import { checkConstraint } from '../scheduler/constraint.ts'

/** Longest argument list and environment of one step, bytes: the kernel takes 2 MB for both (ARG_MAX), less its own share. */
const MAX_ARGUMENT_BYTES = 1_800_000
/** Longest single argument the kernel takes (MAX_ARG_STRLEN). */
const MAX_ONE_ARGUMENT_BYTES = 131_071

/** Throws `invalid`, naming the field, for what no executor could run. Faces check their own shapes before. */
export function checkSubmission(submission: Submission, path: string): void {
  positive(submission.timeoutMs, 'timeout')
  for (const [i, limit] of (submission.concurrency ?? []).entries())
    if (!Number.isInteger(limit.limit) || limit.limit < 1)
      throw invalid(`concurrency[${i}].limit`, 'a limit is a whole number of at least 1')
  if (submission.placement?.constraint) checkConstraint(submission.placement.constraint, 'placement.constraint')
  for (const [i, step] of submission.plan.steps.entries()) checkStep(step, `${path}.steps[${i}]`)
}

function positive(value: number | undefined, field: string): void {
  if (value !== undefined && !(value > 0)) throw invalid(field, 'a time limit is more than nothing')
}

/** As `checkSubmission`, for one step. */
export function checkStep(step: StepSpec, path: string): void {
  positive(step.timeoutMs, `${path}.timeout`)
  if (step.stop.graceMs < 0) throw invalid(`${path}.stop.grace`, 'a grace period is not negative')
  const { cpuUnits, memoryBytes, pids } = step.resources
  for (const [name, value] of Object.entries({ cpuUnits, memoryBytes, pids }))
    if (value !== undefined && !(value >= 0)) throw invalid(`${path}.resources.${name}`, 'a resource is not negative')
  if (step.work.kind !== 'run') return
  const { argv, entrypoint, image, env } = step.work
  if (argv.length === 0 && (entrypoint?.length ?? 0) === 0 && image === undefined)
    throw invalid(`${path}.run`, 'a step needs a program')
  let bytes = 0
  for (const [i, text] of [...(entrypoint ?? []), ...argv].entries()) bytes += checkText(text, `${path}.run[${i}]`)
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('='))
      throw invalid(`${path}.env`, `${JSON.stringify(name)} is not a variable's name`)
    bytes += checkText(name, `${path}.env`) + (typeof value === 'string' ? checkText(value, `${path}.env.${name}`) : 0)
  }
  if (bytes > MAX_ARGUMENT_BYTES)
    throw invalid(`${path}.run`, `arguments and environment are ${bytes} bytes, ${MAX_ARGUMENT_BYTES} are possible`)
}

/** Returns its size, bytes. */
function checkText(text: string, field: string): number {
  if (text.includes('\0')) throw invalid(field, 'a NUL byte cannot be passed to a program')
  if (!text.isWellFormed()) throw invalid(field, 'it is not well-formed Unicode')
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_ONE_ARGUMENT_BYTES)
    throw invalid(field, `it is ${bytes} bytes long, ${MAX_ONE_ARGUMENT_BYTES} are possible`)
  return bytes
}
