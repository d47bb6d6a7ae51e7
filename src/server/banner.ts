import type { RunningEngine } from '../engine/create-engine.ts'
import type { Face } from '../faces/kit/face.ts'
import type { Configuration } from './configuration.ts'
import { VERSION } from './version.ts'

/** The lines that `taskport up` begins with: where, what runs tasks, what is enforced, how each client is pointed here. */
export async function bannerOf(
  c: Configuration,
  url: string,
  faces: readonly Face[],
  running: RunningEngine,
): Promise<readonly string[]> {
  const executors = [...running.context.executors.all()]
  const head = `Taskport ${VERSION} · ${url} · data in ${c.dataDirectory} · executor: ${executors.map((e) => e.kind).join(', ')}`
  const remarks = executors.flatMap((e) => e.capabilities.remarks.map((r) => `  ${e.kind}: ${r}`))
  const clients: string[] = []
  for (const face of faces) clients.push(...exportsOf(face.name, await face.environment(url)))
  return [head, ...remarks, ...clients]
}

/** Secrets are not shown: `taskport env` prints them. */
function exportsOf(name: string, environment: Readonly<Record<string, string>>): readonly string[] {
  const shown = Object.entries(environment).filter(([key]) => /URL|API$|REGION/.test(key))
  return shown.length === 0 ? [] : [`  ${name.padEnd(14)} ${shown.map(([key, value]) => `${key}=${value}`).join(' ')}`]
}
