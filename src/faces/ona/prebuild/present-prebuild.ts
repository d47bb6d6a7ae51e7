import type { MessageInitShape } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import type { Document } from '../../../core/ports/store.ts'
import type { Call } from '../call.ts'
import type { PrebuildRecord } from '../documents.ts'
import { CLASS_ID } from '../environment/present-environment.ts'
import { logUrlOf } from '../execution/present-execution.ts'
import { type PrebuildSchema, PrebuildMetadata_PrebuildTrigger as Trigger } from '../gen/gitpod/v1/prebuild_pb.js'
import { defined } from '../wire/defined.ts'
import { organizationOf, subjectOf, timestamp } from '../wire/subject.ts'
import { PREBUILD_PHASES } from './life-cycle.ts'

/** The version of the record is that of the status: it rises with every change. */
export function presentPrebuild(
  { tenant, context }: Pick<Call, 'tenant' | 'context'>,
  { body, version }: Pick<Document<PrebuildRecord>, 'body' | 'version'>,
): MessageInitShape<typeof PrebuildSchema> {
  const { phase, desired } = PREBUILD_PHASES[body.phase]
  return {
    id: body.id,
    metadata: defined({
      organizationId: organizationOf(tenant),
      projectId: body.project,
      environmentClassId: CLASS_ID,
      creator: subjectOf(body.creator),
      executor: subjectOf(body.creator),
      createdAt: timestamp(body.createdAt),
      updatedAt: timestamp(body.updatedAt),
      triggeredBy: Trigger.MANUAL,
    }),
    spec: { specVersion: 1n, desiredPhase: desired, timeout: durationFromMs(body.timeoutMs) },
    status: defined({
      phase,
      completionTime: timestamp(body.completedAt),
      failureMessage: body.failure ?? '',
      warningMessage: body.warnings.join('; '),
      logUrl: logUrlOf(context.publicUrl(), body.id),
      environmentId: body.environment,
      statusVersion: BigInt(version),
    }),
  }
}
