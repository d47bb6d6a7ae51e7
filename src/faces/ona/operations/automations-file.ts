import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AutomationsFile, FileService, FileTask } from '../../../workspaces/automations-file.ts'
import { ROLES, TRIGGERS, type TriggerName } from '../../../workspaces/automations-keys.ts'
import { parseCommand, parseReadiness, parseRunsOn } from '../automation/parse-automation.ts'
import { upsertAutomations } from '../automation/upsert-automations.ts'
import type { Call } from '../call.ts'
import { findLastingEnvironment } from '../environment/find-environment.ts'
import { invalidArgument } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/environment_automation_pb.js'
import { needReference, needText } from '../wire/validate.ts'

/** Ids of what was made or changed. */
export async function upsertAutomationsFile(
  call: Call,
  { environmentId, automationsFile }: wire.UpsertAutomationsFileRequest,
): Promise<MessageInitShape<typeof wire.UpsertAutomationsFileResponseSchema>> {
  const { body: environment } = await findLastingEnvironment(call, environmentId)
  const file = parseFile(automationsFile)
  const { tasks, services } = await upsertAutomations(call, call.caller.principal, environment.id, file)
  return { updatedTaskIds: [...tasks], updatedServiceIds: [...services] }
}

function parseFile(file: wire.AutomationsFile | undefined): AutomationsFile {
  const services = Object.entries(file?.services ?? {}).map(([reference, s]) => parseService(reference, s))
  const tasks = Object.entries(file?.tasks ?? {}).map(([reference, t]) => parseTask(reference, t))
  const names = new Set(services.map((s) => s.reference))
  const twice = tasks.find((t) => names.has(t.reference))
  if (twice) throw invalidArgument(`automations_file: a service and a task are both called ${twice.reference}`)
  return { services, tasks }
}

function parseTask(reference: string, task: wire.AutomationsFile_Task): FileTask {
  const field = `automations_file.tasks["${reference}"]`
  const runsOn = parseRunsOn(task.runsOn, `${field}.runs_on`)
  return {
    reference: needReference(field, reference),
    name: needText(`${field}.name`, task.name),
    description: task.description,
    command: parseCommand(`${field}.command`, needText(`${field}.command`, task.command)),
    dependsOn: [...task.dependsOn],
    triggeredBy: parseTriggers(`${field}.triggered_by`, task.triggeredBy),
    prebuildRequiresSuccess: task.prebuildRequiresSuccess,
    ...(runsOn && { runsOn }),
  }
}

function parseService(reference: string, service: wire.AutomationsFile_Service): FileService {
  const field = `automations_file.services["${reference}"]`
  const runsOn = parseRunsOn(service.runsOn, `${field}.runs_on`)
  const readinessTimeoutMs = parseReadiness(`${field}.readiness_timeout`, service.readinessTimeout)
  return {
    reference: needReference(field, reference),
    name: needText(`${field}.name`, service.name),
    description: service.description,
    role: parseRole(`${field}.role`, service.role),
    start: parseCommand(`${field}.commands.start`, needText(`${field}.commands.start`, service.commands?.start ?? '')),
    ready: parseCommand(`${field}.commands.ready`, service.commands?.ready ?? ''),
    stop: parseCommand(`${field}.commands.stop`, service.commands?.stop ?? ''),
    triggeredBy: parseTriggers(`${field}.triggered_by`, service.triggeredBy),
    ...(readinessTimeoutMs !== undefined && { readinessTimeoutMs }),
    ...(runsOn && { runsOn }),
  }
}

const parseTriggers = (field: string, names: readonly string[]): readonly TriggerName[] =>
  names.map((name, i) => {
    if (TRIGGERS.includes(name as TriggerName)) return name as TriggerName
    throw invalidArgument(`${field}[${i}]: value must be in list [${TRIGGERS.join(', ')}]`)
  })

function parseRole(field: string, role: string): FileService['role'] {
  const known = ROLES.find((r) => r === role)
  if (known === undefined) throw invalidArgument(`${field}: value must be in list [${ROLES.join(', ')}]`)
  return known
}
