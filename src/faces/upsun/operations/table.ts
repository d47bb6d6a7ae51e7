import type { Call } from '../call.ts'
import { cancelActivity, getActivity, listActivities } from './activities.ts'
import { getDeployment, patchDeployment } from './deployments.ts'
import { editEnvironment, editProject } from './edit-place.ts'
import { clearBuildCache, deactivateEnvironment, deleteEnvironment } from './end-environment.ts'
import type { Operation, Params } from './operation.ts'
import { getOrganization, listOrganizations, organizationProjects, refOrganizations } from './organizations.ts'
import {
  getCapabilities,
  getEnvironment,
  getEnvironmentSettings,
  getProject,
  getSettings,
  listEnvironments,
  listIntegrations,
} from './projects.ts'
import { getTask, listTasks, runTask } from './tasks.ts'
import { emptyList, extendedAccess, getMe, getUser, getUserById, listProjects, refProjects } from './users.ts'
import { createVariable, deleteVariable, getVariable, listVariables, updateVariable } from './variables.ts'

const PROJECT = '/projects/:project'
const ENVIRONMENT = `${PROJECT}/environments/:environment`

const get = (path: string, answer: Operation['answer']): Operation => ({ method: 'GET', path, answer })

/** What exists on a project and on an environment alike. */
const onBoth = (base: string): readonly Operation[] => [
  get(`${base}/activities`, listActivities),
  get(`${base}/activities/:activity`, getActivity),
  { method: 'POST', path: `${base}/activities/:activity/cancel`, status: 202, answer: cancelActivity },
  get(`${base}/variables`, listVariables),
  { method: 'POST', path: `${base}/variables`, status: 201, answer: createVariable },
  get(`${base}/variables/:variable`, getVariable),
  { method: 'PATCH', path: `${base}/variables/:variable`, answer: updateVariable },
  { method: 'DELETE', path: `${base}/variables/:variable`, answer: deleteVariable },
]

/** Every operation that answers JSON to a bearer token. The log and a deployment have bodies of their own (routes.ts). */
export const OPERATIONS: readonly Operation[] = [
  get('/users/me', getUser),
  get('/me', getMe),
  { method: 'POST', path: '/me/verification', answer: () => ({ state: false, type: '' }) },
  get('/users/:id', (call: Call, { id }: Params) => getUserById(call, id)),
  get('/users/:id/extended-access', extendedAccess),
  get('/users/:id/organizations', listOrganizations),
  get('/users/:id/project-access', emptyList),
  get('/organizations', listOrganizations),
  get('/organizations/:id', getOrganization),
  get('/organizations/:id/projects', organizationProjects),
  get('/regions', emptyList),
  get('/ref/projects', refProjects),
  get('/ref/organizations', refOrganizations),
  get('/projects', listProjects),
  get(PROJECT, getProject),
  get(`${PROJECT}/capabilities`, getCapabilities),
  get(`${PROJECT}/settings`, getSettings),
  get(`${PROJECT}/integrations`, listIntegrations),
  get(`${PROJECT}/environments`, listEnvironments),
  get(ENVIRONMENT, getEnvironment),
  { method: 'PATCH', path: PROJECT, answer: editProject },
  { method: 'PATCH', path: ENVIRONMENT, answer: editEnvironment },
  { method: 'DELETE', path: ENVIRONMENT, status: 202, answer: deleteEnvironment },
  { method: 'POST', path: `${ENVIRONMENT}/deactivate`, status: 202, answer: deactivateEnvironment },
  { method: 'POST', path: `${PROJECT}/clear_build_cache`, status: 202, answer: clearBuildCache },
  get(`${ENVIRONMENT}/settings`, getEnvironmentSettings),
  get(`${ENVIRONMENT}/tasks`, listTasks),
  get(`${ENVIRONMENT}/tasks/:task`, getTask),
  { method: 'POST', path: `${ENVIRONMENT}/tasks/:task/run`, status: 202, answer: runTask },
  get(`${ENVIRONMENT}/deployments/:deployment`, getDeployment),
  { method: 'PATCH', path: `${ENVIRONMENT}/deployments/:deployment`, status: 202, answer: patchDeployment },
  ...onBoth(PROJECT),
  ...onBoth(ENVIRONMENT),
]
