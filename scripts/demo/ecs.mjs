import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs'

const PATIENCE_S = 30

/** Amazon ECS through the AWS SDK, pointed here by its usual environment variables and by nothing else. */
export async function ecs({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('ecs')) return
  heading('Amazon ECS: @aws-sdk/client-ecs, unmodified')
  const settings = settingsOf(environment)
  const clients = { ecs: new ECSClient(settings), logs: new CloudWatchLogsClient(settings) }
  try {
    await runInOrder(clients, say)
    await runTenAndStop(clients, say)
  } finally {
    clients.ecs.destroy()
    clients.logs.destroy()
  }
}

const settingsOf = (environment) => ({
  endpoint: environment.AWS_ENDPOINT_URL,
  region: environment.AWS_REGION,
  credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID, secretAccessKey: environment.AWS_SECRET_ACCESS_KEY },
})

const container = (name, script, more = {}) => ({
  name,
  image: 'busybox',
  memory: 64,
  entryPoint: ['sh', '-c'],
  command: [script],
  ...more,
})

/** Two containers, the second after the first's success; their exit codes, reasons and output. */
async function runInOrder({ ecs: client, logs }, say) {
  const migrate = container('migrate', 'echo migrating; sleep 0.2', { essential: false })
  const dependsOn = [{ containerName: 'migrate', condition: 'SUCCESS' }]
  const main = container('main', 'echo "hello from ECS, $WHO"; exit 4', { dependsOn })
  const { taskDefinition } = await client.send(
    new RegisterTaskDefinitionCommand({ family: 'demo', containerDefinitions: [migrate, main] }),
  )
  say(`RegisterTaskDefinition → ${taskDefinition.taskDefinitionArn}`)
  const overrides = { containerOverrides: [{ name: 'main', environment: [{ name: 'WHO', value: 'you' }] }] }
  const [task] = await run(client, { taskDefinition: 'demo', overrides })
  say(`RunTask → ${task.lastStatus} ${task.taskArn}`)
  const { stopCode, stoppedReason, containers } = await stopped(client, task.taskArn)
  say(`DescribeTasks → STOPPED ${stopCode} "${stoppedReason}"`)
  for (const { name, exitCode } of containers) say(`  ${name}: exit code ${exitCode}`)
  if (containers.find((c) => c.name === 'main').exitCode !== 4)
    throw new Error('the exit code of the container is not the one of its program')
  const logStreamName = `main/main/${task.taskArn.split('/').at(-1)}`
  const { events } = await logs.send(new GetLogEventsCommand({ logGroupName: '/taskport/ecs/demo', logStreamName }))
  say(`GetLogEvents → ${events.map((e) => e.message).join(' | ')}`)
  if (events[0]?.message !== 'hello from ECS, you') throw new Error('the log is not what the program wrote')
}

/** Ten of one call, found by what they were started with, and stopped with a reason. */
async function runTenAndStop({ ecs: client }, say) {
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: 'sleeper',
      containerDefinitions: [container('main', 'exec sleep 60')],
    }),
  )
  const tasks = await run(client, { taskDefinition: 'sleeper', count: 10, startedBy: 'demo' })
  const { taskArns } = await client.send(new ListTasksCommand({ startedBy: 'demo' }))
  say(`RunTask count=10 → ${tasks.length} tasks; ListTasks finds ${taskArns.length}`)
  for (const task of taskArns) await client.send(new StopTaskCommand({ task, reason: 'the demo is over' }))
  const { stopCode, stoppedReason, containers } = await stopped(client, taskArns[0])
  say(`StopTask → ${stopCode} "${stoppedReason}", exit code ${containers[0].exitCode ?? 'none: it had not begun'}`)
}

async function run(client, request) {
  const { tasks, failures } = await client.send(new RunTaskCommand(request))
  if (failures.length > 0) throw new Error(`RunTask failed: ${JSON.stringify(failures)}`)
  return tasks
}

async function stopped(client, task) {
  await waitUntilTasksStopped({ client, maxWaitTime: PATIENCE_S, minDelay: 1, maxDelay: 1 }, { tasks: [task] })
  return (await client.send(new DescribeTasksCommand({ tasks: [task] }))).tasks[0]
}
