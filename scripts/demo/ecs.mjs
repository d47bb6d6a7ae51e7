import {
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs'

const PATIENCE_S = 30

/** Amazon ECS through the AWS SDK, pointed here by its usual environment variables and by nothing else. */
export async function ecs({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('ecs')) return
  heading('Amazon ECS: @aws-sdk/client-ecs, unmodified')
  const client = clientOf(environment)
  try {
    await registerAndRun(client, say)
  } finally {
    client.destroy()
  }
}

const clientOf = (environment) =>
  new ECSClient({
    endpoint: environment.AWS_ENDPOINT_URL,
    region: environment.AWS_REGION,
    credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID, secretAccessKey: environment.AWS_SECRET_ACCESS_KEY },
  })

async function registerAndRun(client, say) {
  const { taskDefinition } = await client.send(
    new RegisterTaskDefinitionCommand({
      family: 'demo',
      containerDefinitions: [
        { name: 'main', image: 'busybox', memory: 64, command: ['sh', '-c', 'echo from ECS; exit 4'] },
      ],
    }),
  )
  say(`RegisterTaskDefinition → ${taskDefinition.taskDefinitionArn}`)
  const { tasks, failures } = await client.send(new RunTaskCommand({ taskDefinition: 'demo' }))
  if (tasks.length !== 1) throw new Error(`RunTask failed: ${JSON.stringify(failures)}`)
  say(`RunTask → ${tasks[0].lastStatus} ${tasks[0].taskArn}`)
  await waitUntilTasksStopped(
    { client, maxWaitTime: PATIENCE_S, minDelay: 1, maxDelay: 1 },
    { tasks: [tasks[0].taskArn] },
  )
  const described = await client.send(new DescribeTasksCommand({ tasks: [tasks[0].taskArn] }))
  const { lastStatus, stopCode, stoppedReason, containers } = described.tasks[0]
  say(`DescribeTasks → ${lastStatus} ${stopCode} "${stoppedReason}", exit code ${containers[0].exitCode}`)
  if (containers[0].exitCode !== 4) throw new Error('the exit code of the container is not the one of its program')
}
