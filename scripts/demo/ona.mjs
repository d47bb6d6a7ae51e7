import Gitpod from '@gitpod/sdk'
import { runCommand } from '@gitpod/sdk/lib/automation'

const LOOK_MS = 200
const PATIENCE_MS = 60_000

/** Gitpod / Ona through the vendor's SDK, pointed here by its usual environment variables and by nothing else. */
export async function ona({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('ona')) return
  heading('Gitpod / Ona: @gitpod/sdk, unmodified')
  const client = new Gitpod({ baseURL: environment.GITPOD_BASE_URL, bearerToken: environment.GITPOD_API_KEY })
  const { environment: made } = await client.environments.create({ spec: {} })
  say(`environments.create → ${made.id}`)
  await until(
    async () => (await client.environments.retrieve({ environmentId: made.id })).environment.status?.phase,
    (phase) => phase === 'ENVIRONMENT_PHASE_RUNNING',
  )
  for await (const line of await runCommand(client, made.id, 'echo "hello from $GITPOD_ENVIRONMENT_ID"'))
    say(`  ${line}`)
  await runGraph(client, made.id, say)
  await client.environments.delete({ environmentId: made.id })
}

/** Two tasks and one that depends on both: a plan of two groups. */
async function runGraph(client, environmentId, say) {
  const { tasks } = client.environments.automations
  const task = async (reference, command, dependsOn = []) =>
    (await tasks.create({ environmentId, metadata: { reference, name: reference }, spec: { command }, dependsOn })).task
      .id
  const [left, right] = [await task('left', 'sleep 0.3; echo left'), await task('right', 'sleep 0.3; echo right')]
  const { taskExecution } = await tasks.start({ id: await task('both', 'echo both', [left, right]) })
  const groups = taskExecution.spec.plan.map(({ steps }) => steps.map((s) => s.label).join(' + '))
  say(`tasks.start → plan: ${groups.join(', then ')}`)
  const ended = await until(
    async () => (await tasks.executions.retrieve({ id: taskExecution.id })).taskExecution.status,
    ({ phase }) => phase === 'TASK_EXECUTION_PHASE_SUCCEEDED' || phase === 'TASK_EXECUTION_PHASE_FAILED',
  )
  if (ended.phase !== 'TASK_EXECUTION_PHASE_SUCCEEDED') throw new Error(`the graph failed: ${ended.failureMessage}`)
  say(`  ${ended.phase}, ${ended.steps.length} steps`)
}

async function until(look, test) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const seen = await look()
    if (test(seen)) return seen
    await new Promise((resume) => setTimeout(resume, LOOK_MS))
  }
  throw new Error('it did not happen in time')
}
