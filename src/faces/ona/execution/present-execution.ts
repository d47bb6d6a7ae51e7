import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Execution, isFinal, type StepStatus, stepsOf } from '../../../core/execution.ts'
import { killedAfterGrace } from '../../../core/facts.ts'
import { TaskExecutionPhase, type TaskExecutionSchema } from '../gen/gitpod/v1/environment_automation_pb.js'
import { presentTaskSpec } from '../task/present-task.ts'
import { factsOf, type StepFacts } from '../task/step-label.ts'
import { defined } from '../wire/defined.ts'
import { creatorOf, subjectOf, timestamp } from '../wire/subject.ts'
import { phaseOf, phaseOfStep } from './life-cycle.ts'
import { sayReason, sayReasonOf } from './say-reason.ts'

type Shape = MessageInitShape<typeof TaskExecutionSchema>

interface Shown {
  readonly facts: StepFacts
  readonly group: number
  readonly status: StepStatus
}

export const logUrlOf = (publicUrl: string, execution: string): string => `${publicUrl}/api/ona/logs/${execution}`

/** `publicUrl`: what its log's address begins with. */
export function presentExecution(e: Execution, publicUrl: string): Shape {
  const { submission, status } = e
  const steps = shownSteps(e)
  const stopped = status.desired === 'stop' && status.stopCause?.kind === 'user'
  return {
    id: e.id,
    metadata: defined({
      taskId: submission.refs.task ?? '',
      environmentId: submission.refs.environment ?? '',
      createdAt: timestamp(submission.acceptedAt),
      creator: subjectOf(creatorOf(submission.principal)),
      startedBy: submission.labels.startedBy ?? 'manual',
      startedAt: timestamp(status.startedAt),
      completedAt: timestamp(status.finishedAt),
    }),
    spec: {
      plan: groupsOf(steps),
      desiredPhase: stopped ? TaskExecutionPhase.STOPPED : TaskExecutionPhase.SUCCEEDED,
    },
    status: {
      statusVersion: BigInt(e.version),
      phase: phaseOf(e),
      failureMessage: failureOf(e),
      logUrl: status.startedAt === undefined && !isFinal(e) ? '' : logUrlOf(publicUrl, e.id),
      steps: steps.flatMap(presentStatus),
    },
  }
}

function shownSteps(e: Execution): readonly Shown[] {
  return stepsOf(e).flatMap((spec, i) => {
    const facts = factsOf(spec)
    const status = e.status.steps[i]
    return facts && status ? [{ facts, group: spec.group, status }] : []
  })
}

function groupsOf(steps: readonly Shown[]) {
  const groups = new Map<number, Shown[]>()
  for (const step of steps) groups.set(step.group, [...(groups.get(step.group) ?? []), step])
  const inOrder = [...groups].sort(([a], [b]) => a - b)
  return inOrder.map(([, members]) => ({ steps: members.map(({ facts }) => presentStep(facts)) }))
}

const presentStep = ({ id, label, dependsOn, task, service }: StepFacts) => ({
  id,
  label,
  dependsOn: [...dependsOn],
  step: task
    ? { case: 'task' as const, value: { id: task.id, spec: presentTaskSpec(task.spec) } }
    : { case: 'serviceId' as const, value: service ?? '' },
})

function presentStatus({ facts, status }: Shown) {
  const phase = phaseOfStep(status)
  if (phase === undefined) return []
  return [{ id: facts.id, phase, failureMessage: failureOfStep(status, facts), output: { ...status.outputs } }]
}

function failureOfStep(step: StepStatus, facts: StepFacts): string {
  if (killedAfterGrace(step)) return KILLED
  const failed = step.state === 'failed' || step.state === 'lost'
  return failed && step.reason ? sayReason(step.reason, facts) : ''
}

function failureOf(e: Execution): string {
  if (e.status.state === 'cancelled') return e.status.steps.some(killedAfterGrace) ? KILLED : ''
  return e.status.state === 'failed' || e.status.state === 'lost' ? sayReasonOf(e) : ''
}

const KILLED = 'it did not end in time after SIGTERM and was killed'
