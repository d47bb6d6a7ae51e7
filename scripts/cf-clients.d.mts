export function cfCli(options?: { readonly build?: boolean }): string
export function cfPython(): string
export function cfGoClient(options?: { readonly build?: boolean }): string
export function ensureCfClients(): void
