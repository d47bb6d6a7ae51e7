/** The vendor's services → operations. A method of a service that is not here is answered `unimplemented` by the router. */
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { createContextKey } from '@connectrpc/connect'
import type { Call } from '../call.ts'
import { asConnectError } from '../errors.ts'
import { EnvironmentAutomationService } from '../gen/gitpod/v1/environment_automation_pb.js'
import { EnvironmentService } from '../gen/gitpod/v1/environment_pb.js'
import { EventService, type WatchEventsRequest } from '../gen/gitpod/v1/event_pb.js'
import { IdentityService } from '../gen/gitpod/v1/identity_pb.js'
import { PrebuildService } from '../gen/gitpod/v1/prebuild_pb.js'
import { ProjectService } from '../gen/gitpod/v1/project_pb.js'
import { RunnerService } from '../gen/gitpod/v1/runner_pb.js'
import { SecretService } from '../gen/gitpod/v1/secret_pb.js'
import { UserService } from '../gen/gitpod/v1/user_pb.js'
import { EnvironmentOpsService } from '../gen/supervisor/v1/environment_ops_pb.js'
import { upsertAutomationsFile } from './automations-file.ts'
import { checkAuthenticationForHost, parseContextUrl } from './context-url.ts'
import * as environments from './environments.ts'
import * as executions from './executions.ts'
import { getAuthenticatedIdentity, getAuthenticatedUser, listEnvironmentClasses } from './identity.ts'
import * as ops from './ops.ts'
import * as prebuilds from './prebuilds.ts'
import * as projects from './projects.ts'
import * as secrets from './secrets.ts'
import * as services from './services.ts'
import * as tasks from './tasks.ts'
import { watchEvents } from './watch-events.ts'

/** The call that a request belongs to, set by routes.ts. */
export const CALL = createContextKey<Call | undefined>(undefined, { description: 'call' })

type Operation<Request, Reply> = (call: Call, request: Request, context: HandlerContext) => Promise<Reply>

const unary =
  <Request, Reply>(operation: Operation<Request, Reply>) =>
  async (request: Request, context: HandlerContext): Promise<Reply> => {
    const call = context.values.get(CALL)!
    try {
      return await operation(call, request, context)
    } catch (thrown) {
      throw known(call, context.method.name, thrown)
    }
  }

/** What nobody expected is ours to know; the client is told no more than that. */
function known(call: Call, method: string, thrown: unknown): Error {
  const error = asConnectError(thrown)
  if (error.cause !== undefined) call.context.log.error({ err: error.cause, method }, 'an Ona call failed')
  return error
}

async function* watch(request: WatchEventsRequest, context: HandlerContext) {
  const call = context.values.get(CALL)!
  try {
    yield* watchEvents(call, request, context.signal)
  } catch (thrown) {
    throw known(call, context.method.name, thrown)
  }
}

export function registerOperations(router: ConnectRouter): void {
  router.service(EnvironmentAutomationService, {
    upsertAutomationsFile: unary(upsertAutomationsFile),
    createTask: unary(tasks.createTask),
    getTask: unary(tasks.getTask),
    listTasks: unary(tasks.listTasks),
    updateTask: unary(tasks.updateTask),
    deleteTask: unary(tasks.deleteTask),
    startTask: unary(executions.startTask),
    getTaskExecution: unary(executions.getTaskExecution),
    listTaskExecutions: unary(executions.listTaskExecutions),
    stopTaskExecution: unary(executions.stopTaskExecution),
    createService: unary(services.createService),
    getService: unary(services.getService),
    listServices: unary(services.listServices),
    updateService: unary(services.updateService),
    deleteService: unary(services.deleteService),
    startService: unary(services.startService),
    stopService: unary(services.stopService),
  })
  router.service(EnvironmentService, {
    createEnvironment: unary(environments.createEnvironment),
    getEnvironment: unary(environments.getEnvironment),
    listEnvironments: unary(environments.listEnvironments),
    createEnvironmentFromProject: unary(environments.createEnvironmentFromProject),
    startEnvironment: unary(environments.startEnvironment),
    stopEnvironment: unary(environments.stopEnvironment),
    updateEnvironment: unary(environments.updateEnvironment),
    deleteEnvironment: unary(environments.deleteEnvironment),
    markEnvironmentActive: unary(environments.markEnvironmentActive),
    listEnvironmentClasses: unary(listEnvironmentClasses),
    createEnvironmentLogsToken: unary(environments.createEnvironmentLogsToken),
    createEnvironmentAccessToken: unary(environments.createEnvironmentAccessToken),
  })
  router.service(ProjectService, {
    createProject: unary(projects.createProject),
    createProjectFromEnvironment: unary(projects.createProjectFromEnvironment),
    getProject: unary(projects.getProject),
    listProjects: unary(projects.listProjects),
    updateProject: unary(projects.updateProject),
    deleteProject: unary(projects.deleteProject),
  })
  router.service(PrebuildService, {
    createPrebuild: unary(prebuilds.createPrebuild),
    getPrebuild: unary(prebuilds.getPrebuild),
    listPrebuilds: unary(prebuilds.listPrebuilds),
    cancelPrebuild: unary(prebuilds.cancelPrebuild),
    deletePrebuild: unary(prebuilds.deletePrebuild),
    createPrebuildLogsToken: unary(prebuilds.createPrebuildLogsToken),
  })
  router.service(IdentityService, { getAuthenticatedIdentity: unary(getAuthenticatedIdentity) })
  router.service(SecretService, {
    createSecret: unary(secrets.createSecret),
    listSecrets: unary(secrets.listSecrets),
    updateSecretValue: unary(secrets.updateSecretValue),
    getSecretValue: unary(secrets.getSecretValue),
    deleteSecret: unary(secrets.deleteSecret),
  })
  router.service(UserService, { getAuthenticatedUser: unary(getAuthenticatedUser) })
  router.service(RunnerService, {
    parseContextURL: unary(parseContextUrl),
    checkAuthenticationForHost: unary(checkAuthenticationForHost),
  })
  router.service(EventService, { watchEvents: watch })
}

type OpsOperation<Request, Reply> = (call: ops.OpsCall, request: Request, context: HandlerContext) => Promise<Reply>

/** The call of this service names its environment in the path. */
const ofEnvironment = <Request, Reply>(operation: OpsOperation<Request, Reply>) =>
  unary<Request, Reply>((call, request, context) =>
    operation({ ...call, environment: call.place ?? '' }, request, context),
  )

export function registerOps(router: ConnectRouter): void {
  router.service(EnvironmentOpsService, {
    exec: ofEnvironment(ops.exec),
    readFile: ofEnvironment(ops.readFile),
    writeFile: ofEnvironment(ops.writeFile),
  })
}
