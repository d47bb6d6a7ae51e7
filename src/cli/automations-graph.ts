/** The picture of an automations file: tasks and services, each on the level on which it would run. */
import { usage } from './failure.ts'
import type { Graph, GraphStep } from './graph.ts'
import { placedDocuments } from './yaml-document.ts'

type Mapping = Readonly<Record<string, unknown>>

/** Undefined for a text that is no automations file. Throws a Failure for names that do not exist and for a circle. */
export function graphOfAutomations(text: string, label: string): Graph | undefined {
  const documents = placedDocuments(text)
  if ('problems' in documents || documents.length !== 1) return undefined
  const [document] = documents
  const file = mappingOf(document!.value)
  if (!file || !Object.keys(file).every((key) => key === 'tasks' || key === 'services')) return undefined
  const services = new Set(Object.keys(mappingOf(file.services) ?? {}))
  const tasks = new Map(Object.entries(mappingOf(file.tasks) ?? {}).map(([name, task]) => [name, needsOf(task)]))
  for (const [name, needs] of tasks)
    for (const [i, need] of needs.entries()) {
      if (tasks.has(need) || services.has(need)) continue
      const { line, column } = document!.place(['tasks', name, 'dependsOn', i])
      throw usage(`${label}:${line}:${column}: task ${name} depends on ${need}, which does not exist`)
    }
  return { steps: [...[...services].map(serviceStep), ...taskSteps(tasks, services, label)] }
}

const serviceStep = (name: string): GraphStep => ({ name, group: 0, needs: [] })

function taskSteps(
  tasks: ReadonlyMap<string, readonly string[]>,
  services: ReadonlySet<string>,
  label: string,
): readonly GraphStep[] {
  const levels = new Map([...services].map((name) => [name, 0]))
  let left = [...tasks.keys()]
  while (left.length > 0) {
    const ready = left.filter((name) => tasks.get(name)!.every((need) => levels.has(need)))
    if (ready.length === 0) throw usage(`${label}: these tasks depend on each other in a circle: ${left.join(', ')}`)
    const placed = ready.map(
      (name) => [name, 1 + Math.max(-1, ...tasks.get(name)!.map((need) => levels.get(need)!))] as const,
    )
    for (const [name, level] of placed) levels.set(name, level)
    left = left.filter((name) => !levels.has(name))
  }
  return [...tasks].map(([name, needs]) => ({
    name,
    group: levels.get(name)!,
    needs: needs.map((step) => ({ step, until: services.has(step) ? 'ready' : 'succeeded' })),
  }))
}

const mappingOf = (value: unknown): Mapping | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Mapping) : undefined

function needsOf(task: unknown): readonly string[] {
  const needs = mappingOf(task)?.dependsOn
  return Array.isArray(needs) ? needs.map(String) : []
}
