import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { Tenant } from '../../../core/identity.ts'
import { uuidOf } from '../auth.ts'
import type { EnvironmentPhaseName, EnvironmentRecord } from '../documents.ts'
import { invalidArgument } from '../errors.ts'
import { logUrlOf } from '../execution/present-execution.ts'
import {
  EnvironmentStatus_ContentPhase as ContentPhase,
  EnvironmentStatus_DevContainer_Phase as DevContainerPhase,
  EnvironmentPhase,
  EnvironmentRole,
  type EnvironmentSchema,
  EnvironmentSpec_MachineSchema,
  EnvironmentSpecSchema,
  EnvironmentStatus_Machine_Phase as MachinePhase,
  EnvironmentStatus_AutomationsFile_Presence as Presence,
} from '../gen/gitpod/v1/environment_pb.js'
import type { OnaOptions } from '../options.ts'
import { defined } from '../wire/defined.ts'
import { organizationOf, subjectOf, timestamp } from '../wire/subject.ts'
import { specOf } from './spec-json.ts'
import { pathOf } from './workspace.ts'

type Shape = MessageInitShape<typeof EnvironmentSchema>

/** There is one machine, and it is of one class. */
export const RUNNER_ID = uuidOf('runner', 'this machine')
export const CLASS_ID = uuidOf('environment class', 'this machine')

/** Throws `invalid_argument`; none named is this one. */
export function checkClass(field: string, id: string | undefined): void {
  if (id !== undefined && id !== '' && id !== CLASS_ID)
    throw invalidArgument(`${field}: there is no environment class ${id}`)
}

interface Phases {
  readonly phase: EnvironmentPhase
  readonly desired: EnvironmentPhase
  readonly machine: MachinePhase
  readonly content: ContentPhase
  readonly devcontainer: DevContainerPhase
}

const { CREATING, STARTING, RUNNING, STOPPING, STOPPED, DELETING, DELETED } = EnvironmentPhase

/** The one table: what is kept → what each part of the status says. */
export const PHASES: Readonly<Record<EnvironmentPhaseName, Phases>> = {
  creating: {
    phase: CREATING,
    desired: RUNNING,
    machine: MachinePhase.CREATING,
    content: ContentPhase.INITIALIZING,
    devcontainer: DevContainerPhase.CREATING,
  },
  starting: {
    phase: STARTING,
    desired: RUNNING,
    machine: MachinePhase.STARTING,
    content: ContentPhase.INITIALIZING,
    devcontainer: DevContainerPhase.CREATING,
  },
  running: {
    phase: RUNNING,
    desired: RUNNING,
    machine: MachinePhase.RUNNING,
    content: ContentPhase.READY,
    devcontainer: DevContainerPhase.RUNNING,
  },
  stopping: {
    phase: STOPPING,
    desired: STOPPED,
    machine: MachinePhase.STOPPING,
    content: ContentPhase.READY,
    devcontainer: DevContainerPhase.STOPPED,
  },
  stopped: {
    phase: STOPPED,
    desired: STOPPED,
    machine: MachinePhase.STOPPED,
    content: ContentPhase.UNAVAILABLE,
    devcontainer: DevContainerPhase.STOPPED,
  },
  deleting: {
    phase: DELETING,
    desired: DELETED,
    machine: MachinePhase.DELETING,
    content: ContentPhase.UNAVAILABLE,
    devcontainer: DevContainerPhase.STOPPED,
  },
}

/** `version`: of the record; it rises with every change. */
export function presentEnvironment(
  e: EnvironmentRecord,
  version: number,
  { tenant, publicUrl, options }: { readonly tenant: Tenant; readonly publicUrl: string; readonly options: OnaOptions },
): Shape {
  const spec = specOf(e.spec)
  const phases = PHASES[e.phase]
  const context = spec.content?.initializer?.specs[0]?.spec
  return {
    id: e.id,
    metadata: defined({
      organizationId: organizationOf(tenant),
      name: e.name,
      creator: subjectOf(e.creator),
      createdAt: timestamp(e.createdAt),
      lastStartedAt: timestamp(e.lastStartedAt),
      runnerId: RUNNER_ID,
      role: e.role === 'prebuild' ? EnvironmentRole.PREBUILD : EnvironmentRole.DEFAULT,
      annotations: { ...e.annotations },
      projectId: e.project ?? '',
      prebuildId: e.prebuild,
      originalContextUrl:
        context?.case === 'contextUrl' ? context.value.url : context?.case === 'git' ? context.value.remoteUri : '',
    }),
    spec: create(EnvironmentSpecSchema, {
      ...spec,
      specVersion: BigInt(e.specVersion),
      desiredPhase: phases.desired,
      machine: create(EnvironmentSpec_MachineSchema, {
        session: e.start,
        class: spec.machine?.class ? spec.machine.class : CLASS_ID,
      }),
    }),
    status: {
      statusVersion: BigInt(version),
      phase: phases.phase,
      failureMessage: e.failure === undefined ? [] : [e.failure],
      warningMessage: warningsOf(e, options),
      machine: { session: e.start, phase: phases.machine },
      content: {
        session: e.start,
        phase: e.failure === undefined ? phases.content : ContentPhase.FAILED,
        contentLocationInMachine: pathOf(options, e),
        failureMessage: e.failure ?? '',
      },
      devcontainer: { session: e.start, phase: phases.devcontainer, remoteWorkspaceFolder: pathOf(options, e) },
      automationsFile: presentAutomations(e),
      ...(e.activity && {
        activitySignal: { source: e.activity.source, timestamp: timestampFromMs(e.activity.at) },
      }),
      ...(e.phase === 'running' && {
        environmentUrls: { logs: logUrlOf(publicUrl, e.start), ops: `${publicUrl}/api/ona/ops/${e.id}` },
      }),
    },
  }
}

/** A dev container that cannot be had is told where there is an engine for it. */
function warningsOf({ devcontainer }: EnvironmentRecord, options: OnaOptions): string[] {
  if (devcontainer?.problem === undefined || !options.containers()) return []
  return [`the dev container is not used: ${devcontainer.problem}; commands run on this machine`]
}

function presentAutomations({ automations, spec, start }: EnvironmentRecord) {
  const asked = specOf(spec).automationsFile
  const named = (asked?.automationsFilePath ?? '') !== ''
  const found = automations.state === 'ready' || automations.state === 'failed'
  return {
    session: asked?.session || start,
    automationsFilePath: automations.path,
    phase: CONTENT_OF[automations.state],
    failureMessage: automations.failure ?? '',
    warningMessage: automations.warning ?? '',
    automationsFilePresence: named ? Presence.SPECIFIED : found ? Presence.DISCOVERED : Presence.ABSENT,
  }
}

const CONTENT_OF: Readonly<Record<EnvironmentRecord['automations']['state'], ContentPhase>> = {
  none: ContentPhase.CREATING,
  absent: ContentPhase.READY,
  ready: ContentPhase.READY,
  failed: ContentPhase.FAILED,
}
