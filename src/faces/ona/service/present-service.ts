import type { MessageInitShape } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { type Execution, isFinal } from '../../../core/execution.ts'
import { presentRunsOn, presentTriggers, presentVariables } from '../automation/present-automation.ts'
import type { ServiceRecord } from '../documents.ts'
import { logUrlOf } from '../execution/present-execution.ts'
import { sayReasonOf } from '../execution/say-reason.ts'
import { ServicePhase, type ServiceSchema } from '../gen/gitpod/v1/environment_automation_pb.js'
import { defined } from '../wire/defined.ts'
import { subjectOf, timestamp } from '../wire/subject.ts'
import { phaseOfService } from './life-cycle.ts'

/** `run`: its newest; `version`: of its record. */
export function presentService(
  service: ServiceRecord,
  version: number,
  run: Execution | undefined,
  publicUrl: string,
): MessageInitShape<typeof ServiceSchema> {
  const phase = phaseOfService(service, run)
  const wanted = run !== undefined && !isFinal(run) && run.status.desired === 'run'
  return {
    id: service.id,
    environmentId: service.environment,
    metadata: defined({
      reference: service.reference,
      name: service.name,
      description: service.description,
      createdAt: timestamp(service.createdAt),
      creator: subjectOf(service.creator),
      triggeredBy: presentTriggers(service.triggeredBy),
      role: service.role,
    }),
    spec: defined({
      specVersion: BigInt(service.specVersion),
      desiredPhase: wanted ? ServicePhase.RUNNING : ServicePhase.STOPPED,
      commands: { ...service.commands },
      session: run?.id ?? '',
      runsOn: presentRunsOn(service.runsOn),
      env: presentVariables(service.env),
      readinessTimeout:
        service.readinessTimeoutMs === undefined ? undefined : durationFromMs(service.readinessTimeoutMs),
    }),
    status: {
      statusVersion: statusVersion(version, run),
      phase,
      failureMessage: phase === ServicePhase.FAILED && run ? sayReasonOf(run) : '',
      logUrl: run?.status.startedAt === undefined ? '' : logUrlOf(publicUrl, run.id),
      session: run?.id ?? '',
      output: { ...run?.status.steps[0]?.outputs, ...service.output },
    },
  }
}

/**
 * Each change of the record or of the run makes it larger, and so does a newer run: a run changes less than a thousand
 * times in a millisecond. Below 2^53, so that clients who read it as a number can still compare.
 */
function statusVersion(version: number, run: Execution | undefined): bigint {
  const begun = BigInt(run?.submission.acceptedAt ?? 0)
  return begun * 1_000n + BigInt(run?.version ?? 0) + BigInt(version)
}
