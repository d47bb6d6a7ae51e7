/** Errands, one function each: bring up, stop, remove; those of prebuilds are prebuild/run-prebuild.ts. */
import { rm } from 'node:fs/promises'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { allDocuments } from '../../kit/documents.ts'
import { automationsOf } from '../automation/automations-of.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { cancelPrebuild, runPrebuild } from '../prebuild/run-prebuild.ts'
import { unregisterService } from '../service/register-service.ts'
import { changeRecord, ended, failureOf, recordOf, stopAll } from './errand-steps.ts'
import type { Errand } from './errands.ts'
import { fireTriggers, OF_A_START } from './fire-triggers.ts'
import { lookInto } from './look-into.ts'
import { directoryOf } from './workspace.ts'

type Performance = (parts: Parts, errand: Errand, signal: AbortSignal) => Promise<void>

const PERFORMANCES: Readonly<Record<Errand['kind'], Performance>> = {
  start: bringUp,
  prebuild: runPrebuild,
  stop,
  cancel: cancelPrebuild,
  delete: remove,
}

export const performErrand: Performance = (parts, errand, signal) => PERFORMANCES[errand.kind](parts, errand, signal)

async function bringUp(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  const { tenant, principal } = errand
  const environment = await recordOf(parts, errand)
  if (!environment || environment.phase === 'stopping' || environment.phase === 'deleting') return
  const start = await ended(parts, tenant, environment.start, signal)
  if (signal.aborted) return
  if (start?.status.state !== 'succeeded') {
    const failure = start ? await failureOf(parts, start) : 'its start was removed'
    await changeRecord(parts, errand, (e) => ({ ...e, phase: 'stopped', failure }))
    return
  }
  const found = await lookInto(parts, principal, environment)
  const up = await changeRecord(parts, errand, ({ failure: _, ...e }) => ({ ...e, ...found, phase: 'running' }))
  if (!up) return
  const { refused } = await fireTriggers(parts, { principal, environment: up, triggers: OF_A_START }, signal)
  if (refused.length === 0 || signal.aborted) return
  const warning = refused.map(({ automation, refusal }) => `${automation.reference}: ${refusal}`).join('; ')
  await changeRecord(parts, errand, (e) => ({ ...e, automations: { ...e.automations, warning } }))
}

async function stop(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  await stopAll(parts, errand, signal)
  if (!signal.aborted) await changeRecord(parts, errand, (e) => ({ ...e, phase: 'stopped' }))
}

async function remove(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  await stopAll(parts, errand, signal)
  if (signal.aborted) return
  const { tenant, environment: id } = errand
  const environment = await recordOf(parts, errand)
  if (!environment) return
  const { services } = await automationsOf({ engine: parts.engine, tenant }, id)
  for (const service of services.keys()) await unregisterService(parts, tenant, service)
  await rm(directoryOf(parts.context, id), { recursive: true, force: true })
  await parts.engine.saveDocuments(await belongings(parts, errand, environment))
  parts.hub.tell(tenant, id, ResourceOperation.DELETE, ResourceType.ENVIRONMENT, id)
}

/** The environment with its tasks, services and their names, and the prebuild that it made. */
async function belongings(
  parts: Parts,
  { tenant }: Errand,
  { id, role, prebuild }: EnvironmentRecord,
): Promise<readonly DocumentChange[]> {
  const index = { name: 'environment', value: id }
  const collections = [COLLECTIONS.task, COLLECTIONS.service, COLLECTIONS.reference]
  const found = await Promise.all(collections.map((c) => allDocuments(parts.engine, tenant, c, { index })))
  const keys = found.flatMap((documents, i) => documents.map(({ key }) => ({ collection: collections[i]!, key })))
  const made =
    role === 'prebuild' && prebuild !== undefined ? [{ collection: COLLECTIONS.prebuild, key: prebuild }] : []
  return [...keys, ...made, { collection: COLLECTIONS.environment, key: id }].map((place) => ({
    kind: 'document.delete',
    tenant,
    ...place,
  }))
}
