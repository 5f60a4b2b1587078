import type { KubectlOptions, KubectlResult } from '#test/harness/cluster/kubectl.ts'

export interface ClusterOptions {
  /** kube-controller-manager and kube-scheduler. Default: only where nodes are asked for. */
  readonly controllers?: boolean
  /** Fake nodes of amd64, default none. */
  readonly nodes?: number
  /** Fake nodes of arm64 beside them, default none. */
  readonly arm64Nodes?: number
  /** Apply config/crd. Default false. */
  readonly crds?: boolean
  /** Ends the start: what runs already is stopped, and the signal's reason thrown. */
  readonly signal?: AbortSignal | undefined
}

export interface TestCluster {
  /** File path. */
  readonly adminKubeconfig: string
  readonly server: string
  /** PEM to trust for `server`; undefined where the kubeconfig of an existing cluster names none. */
  readonly caPem: string | undefined
  readonly stateDir: string
  /** Its etcd, in the clear; undefined on an existing cluster. */
  readonly etcdUrl: string | undefined
  /** An empty namespace that goes with the cluster object, on an existing cluster too. */
  readonly namespace: string
  /** @throws Error with its standard error, unless `allowFailure` */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>
  /** `kubectl apply` of a YAML text or of objects. */
  apply(yamlOrObjects: string | readonly object[]): Promise<void>
  /**
   * A kubeconfig file as ServiceAccount tallyman in namespace tallyman-system with the rights of config/rbac.
   * @param options `server`: another address, for the fault proxy; `caPem`: what to trust there. With `server` and
   * without `caPem` the certificate is not checked.
   */
  operatorKubeconfig(options?: { server?: string; caPem?: string }): Promise<string>
  /** @param options `kill`: by SIGKILL, as a machine that fails; default: SIGTERM, and it closes its connections */
  stopApiServer(options?: { kill?: boolean }): Promise<void>
  /** On the same port, with the same etcd. */
  startApiServer(): Promise<void>
  stop(): Promise<void>
}
