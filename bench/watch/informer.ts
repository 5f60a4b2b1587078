// The peer: client-node's informer over the same pods. Prints how long it took to hold them.
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node'

const { kubeconfig }: { kubeconfig: string } = JSON.parse(process.argv[2] ?? '')
const config = new KubeConfig()
config.loadFromFile(kubeconfig)
const api = config.makeApiClient(CoreV1Api)
const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces())
const started = performance.now()
await informer.start()
process.stdout.write(`${JSON.stringify({ listMs: performance.now() - started })}\n`)
process.exit()
