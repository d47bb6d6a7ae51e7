/** `GET /`, `/v3`, `/v3/info` and UAA's and the log cache's own greetings. */
import { type Call, type Operation, ok } from '../operation.ts'

/** Between 3.197 (tasks have `user`) and 3.210 (from 3.211 on the CLI asks for embedded processes). */
const API_VERSION = '3.205.0'
/** The version 2 that goes with it. */
export const API_V2_VERSION = '2.270.0'
const UAA_VERSION = '77.0.0'

const RESOURCES = [
  'apps',
  'app_usage_events',
  'audit_events',
  'builds',
  'buildpacks',
  'deployments',
  'domains',
  'droplets',
  'environment_variable_groups',
  'feature_flags',
  'info',
  'isolation_segments',
  'organizations',
  'organization_quotas',
  'packages',
  'processes',
  'resource_matches',
  'roles',
  'routes',
  'security_groups',
  'service_brokers',
  'service_credential_bindings',
  'service_instances',
  'service_offerings',
  'service_plans',
  'service_route_bindings',
  'sidecars',
  'space_quotas',
  'spaces',
  'stacks',
  'tasks',
  'users',
]

const root = ({ base }: Call): object => {
  const link = { href: base }
  return {
    links: {
      self: link,
      bits_service: null,
      cloud_controller_v2: null,
      cloud_controller_v3: { href: `${base}/v3`, meta: { version: API_VERSION } },
      network_policy_v0: null,
      network_policy_v1: null,
      login: link,
      uaa: link,
      credhub: null,
      routing: null,
      logging: null,
      log_cache: link,
      log_stream: null,
      app_ssh: null,
    },
  }
}

const v3 = ({ base }: Call): object => ({
  links: {
    self: { href: `${base}/v3` },
    ...Object.fromEntries(RESOURCES.map((name) => [name, { href: `${base}/v3/${name}` }])),
  },
})

const info = ({ base }: Call): object => ({
  build: '',
  cli_version: { minimum: '', recommended: '' },
  custom: {},
  description: 'Taskport',
  name: 'Taskport',
  version: 0,
  osbapi_version: '2.15',
  links: { self: { href: `${base}/v3/info` }, support: { href: '' } },
})

const login = ({ base }: Call): object => ({
  app: { version: UAA_VERSION },
  links: { uaa: base, login: base },
  zone_name: 'uaa',
  prompts: { username: ['text', 'Email'], password: ['password', 'Password'] },
})

/** Answered without a token. */
export const OPEN_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/', answer: async (call) => ok(root(call)) },
  { method: 'GET', path: '/v3', answer: async (call) => ok(v3(call)) },
  { method: 'GET', path: '/v3/info', answer: async (call) => ok(info(call)) },
  { method: 'GET', path: '/login', answer: async (call) => ok(login(call)) },
  { method: 'GET', path: '/api/v1/info', answer: async () => ok({ version: '3.0.0', vm_uptime: '1' }) },
]
