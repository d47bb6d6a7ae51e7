/**
 * A folder's automations without a vendor's client: an environment over the folder, used in place, whose file is read
 * and whose triggers fire; then the tasks that were named. Everything that runs is shown until the signal comes.
 */
import type { AutomationsFolder } from './automations-folder.ts'
import { Failure } from './failure.ts'
import type { NativeClient } from './native-client.ts'
import type { OnaClient, OnaEvent } from './ona-client.ts'
import type { Output } from './output.ts'
import { RunProgress } from './run-progress.ts'

export interface AutomationsRun {
  readonly ona: OnaClient
  readonly native: NativeClient
  readonly output: Output
  readonly folder: AutomationsFolder
  /** References of tasks to start once all is up. */
  readonly tasks: readonly string[]
  readonly inputs: Readonly<Record<string, string>>
}

interface Environment {
  readonly id: string
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly status: {
    readonly phase: string
    readonly failureMessage?: readonly string[]
    readonly automationsFile?: { readonly phase: string; readonly failureMessage: string }
  }
}

interface Task {
  readonly id: string
  readonly metadata: { readonly reference: string; readonly triggeredBy: readonly object[] }
}

interface Service {
  readonly id: string
  readonly metadata: { readonly reference: string }
  readonly status: { readonly session: string; readonly phase: string }
}

const ANNOTATION = 'taskport.folder'
const LOOK_MS = 50

/** Resolves when the named tasks are over: true if all went well. Without any it resolves at once, true. */
export async function runAutomations(run: AutomationsRun, signal: AbortSignal): Promise<boolean> {
  const id = await startedEnvironment(run)
  const shown = new Shown(run, signal)
  void shown.watch(id).catch((error: unknown) => {
    if (!signal.aborted) run.output.note(`what happens can no longer be shown: ${String(error)}`)
  })
  await up(run, id, signal)
  const all = await listed<Task>(run, id, 'ListTasks', 'tasks')
  if (run.tasks.length === 0) {
    const idle = all.length > 0 && all.every((task) => task.metadata.triggeredBy.length === 0)
    if (idle) run.output.note(`no task starts by itself; name one with --task: ${namesOf(all)}`)
    return true
  }
  const ends = await Promise.all(run.tasks.map((name) => startNamed(run, all, name, shown)))
  return ends.every((ended) => ended)
}

/** Its programs end; the folder stays as it is. */
export async function stopAutomations(run: AutomationsRun): Promise<void> {
  const environment = await known(run)
  if (!environment) return
  await run.ona.call('EnvironmentService', 'StopEnvironment', { environmentId: environment.id })
  await phaseOf(run, environment.id, ['ENVIRONMENT_PHASE_STOPPED'], new AbortController().signal)
}

/** The folder's own, from an earlier time or new; one that still runs is stopped first, so that its triggers fire. */
async function startedEnvironment(run: AutomationsRun): Promise<string> {
  const { folder } = run
  const automationsFile = { automationsFilePath: folder.file }
  const before = await known(run)
  if (!before) {
    const spec = {
      content: { initializer: { specs: [{ contextUrl: { url: `file://${encodeURI(folder.directory)}` } }] } },
      automationsFile,
    }
    const annotations = { [ANNOTATION]: folder.directory }
    const reply = await run.ona.call<{ readonly environment: Environment }>('EnvironmentService', 'CreateEnvironment', {
      spec,
      annotations,
    })
    return reply.environment.id
  }
  const environmentId = before.id
  await stopAutomations(run)
  await run.ona.call('EnvironmentService', 'UpdateEnvironment', { environmentId, spec: { automationsFile } })
  await run.ona.call('EnvironmentService', 'StartEnvironment', { environmentId })
  return environmentId
}

async function known({ ona, folder }: AutomationsRun): Promise<Environment | undefined> {
  let token = ''
  do {
    const page = await ona.call<{
      readonly environments: readonly Environment[]
      readonly pagination: { readonly nextToken: string }
    }>('EnvironmentService', 'ListEnvironments', { pagination: { token, pageSize: 100 } })
    const found = page.environments.find((e) => e.metadata.annotations?.[ANNOTATION] === folder.directory)
    if (found) return found
    token = page.pagination.nextToken
  } while (token !== '')
  return undefined
}

/** Throws a Failure when it does not come up, or when its file cannot be read. */
async function up(run: AutomationsRun, id: string, signal: AbortSignal): Promise<void> {
  const { status } = await phaseOf(run, id, ['ENVIRONMENT_PHASE_RUNNING', 'ENVIRONMENT_PHASE_STOPPED'], signal)
  if (status.phase === 'ENVIRONMENT_PHASE_STOPPED' && !signal.aborted)
    throw new Failure(`the environment did not start: ${status.failureMessage?.join('; ') ?? ''}`)
  if (status.automationsFile?.phase === 'CONTENT_PHASE_FAILED') throw new Failure(status.automationsFile.failureMessage)
}

async function phaseOf(
  { ona }: AutomationsRun,
  environmentId: string,
  phases: readonly string[],
  signal: AbortSignal,
): Promise<Environment> {
  for (;;) {
    const { environment } = await ona.call<{ readonly environment: Environment }>(
      'EnvironmentService',
      'GetEnvironment',
      {
        environmentId,
      },
    )
    if (phases.includes(environment.status.phase) || signal.aborted) return environment
    await new Promise((resume) => setTimeout(resume, LOOK_MS))
  }
}

async function listed<Item>(run: AutomationsRun, id: string, method: string, member: string): Promise<readonly Item[]> {
  const items: Item[] = []
  let token = ''
  do {
    const body = { filter: { environmentIds: [id] }, pagination: { token, pageSize: 100 } }
    const page = await run.ona.call<Readonly<Record<string, unknown>>>('EnvironmentAutomationService', method, body)
    items.push(...(page[member] as readonly Item[]))
    token = (page.pagination as { readonly nextToken: string }).nextToken
  } while (token !== '')
  return items
}

const namesOf = (tasks: readonly Task[]): string => tasks.map((task) => task.metadata.reference).join(', ')

async function startNamed(run: AutomationsRun, all: readonly Task[], name: string, shown: Shown): Promise<boolean> {
  const task = all.find(({ metadata }) => metadata.reference === name)
  if (!task) throw new Failure(`${run.folder.file} has no task ${name}`, `there are: ${namesOf(all)}`)
  const body = { id: task.id, inputs: run.inputs }
  const reply = await run.ona.call<{ readonly taskExecution: { readonly id: string } }>(
    'EnvironmentAutomationService',
    'StartTask',
    body,
  )
  return (await shown.follow(reply.taskExecution.id, (step) => step)) === 'succeeded'
}

type StepNames = (step: string) => string | undefined

/** The step of a service that is the service; another one only waits until it is ready. */
const SERVICE_STEP = 'start'

/** What runs in an environment, each run shown once. */
class Shown {
  readonly #run: AutomationsRun
  readonly #signal: AbortSignal
  readonly #progress: RunProgress
  readonly #known = new Map<string, Promise<string | undefined>>()

  constructor(run: AutomationsRun, signal: AbortSignal) {
    this.#run = run
    this.#signal = signal
    this.#progress = new RunProgress(run.native, run.output, signal)
  }

  async watch(environmentId: string): Promise<void> {
    for await (const event of this.#run.ona.events(environmentId, this.#signal)) await this.#see(environmentId, event)
  }

  /** The state it ended in; undefined when the signal came first. */
  follow(id: string, name: StepNames): Promise<string | undefined> {
    const known = this.#known.get(id)
    if (known) return known
    const followed = this.#progress.follow(id, name).then((end) => end?.state)
    followed.catch(() => undefined)
    this.#known.set(id, followed)
    return followed
  }

  /** The first message is empty: then what runs already is looked for. */
  async #see(environmentId: string, { resourceType, resourceId }: OnaEvent): Promise<void> {
    if (resourceType === 'RESOURCE_TYPE_TASK_EXECUTION') void this.follow(resourceId!, (step) => step)
    if (resourceType !== undefined && resourceType !== 'RESOURCE_TYPE_SERVICE') return
    for (const { metadata, status } of await listed<Service>(this.#run, environmentId, 'ListServices', 'services'))
      if (status.session !== '' && status.phase !== 'SERVICE_PHASE_STOPPED')
        void this.follow(status.session, (step) => (step === SERVICE_STEP ? metadata.reference : undefined))
  }
}
