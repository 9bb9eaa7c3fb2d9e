"""Overlays that are built both here and by kustomize itself: files by path; the overlay stands in ``overlay/``."""

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      serviceAccountName: runner
      imagePullSecrets:
      - name: pull
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: zone
            labelSelector:
              matchLabels:
                app: web
      containers:
      - name: web
        image: registry.example:5000/shop/web:1.0
        env:
        - name: A
          value: "1"
        - name: B
          valueFrom:
            configMapKeyRef:
              name: settings
              key: b
        envFrom:
        - secretRef:
            name: pull
        ports:
        - containerPort: 80
        volumeMounts:
        - name: data
          mountPath: /data
      - name: side
        image: side
      initContainers:
      - name: init
        image: nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000
      volumes:
      - name: data
        configMap:
          name: settings
      - name: claim
        persistentVolumeClaim:
          claimName: disk
"""
OTHERS = """apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - name: http
    port: 80
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: runner
imagePullSecrets:
- name: pull
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: disk
spec:
  storageClassName: fast
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: fast
provisioner: x
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
rules:
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [pull]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reader
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: reader
subjects:
- kind: ServiceAccount
  name: runner
  namespace: default
- kind: ServiceAccount
  name: default
- kind: User
  name: runner
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: all
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: all
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: all
subjects:
- kind: ServiceAccount
  name: runner
  namespace: default
---
apiVersion: v1
kind: Namespace
metadata:
  name: old
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: web
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  defaultBackend:
    service:
      name: web
      port:
        number: 80
  tls:
  - secretName: pull
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: x
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: job
            image: shop/job
            envFrom:
            - configMapRef:
                name: settings
---
apiVersion: example.com/v1
kind: Widget
metadata:
  name: w
spec:
  containers:
  - name: a
    image: nginx:1.2
  list:
  - name: x
    value: 1
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: web
  selector:
    matchLabels:
      app: db
  template:
    metadata:
      labels:
        app: db
    spec:
      containers:
      - name: db
        image: db:1
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      storageClassName: fast
"""
GENERATORS = """configMapGenerator:
- name: settings
  literals:
  - b=1
  - quoted="x y"
  - html=<a&b>
secretGenerator:
- name: pull
  type: kubernetes.io/dockerconfigjson
  literals:
  - .dockerconfigjson={}
"""
BASE = {
    "base/kustomization.yaml": "resources:\n- deployment.yaml\n- others.yaml\n" + GENERATORS,
    "base/deployment.yaml": DEPLOYMENT,
    "base/others.yaml": OTHERS,
}
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    patched: "yes"
spec:
  replicas: null
  template:
    spec:
      containers:
      - name: fresh
        image: fresh
      - name: web
        env:
        - name: C
          value: "3"
        - name: A
          $patch: delete
        ports:
        - containerPort: 81
        - containerPort: 80
          name: http
      - name: side
        $patch: delete
      volumes:
      - $patch: replace
      - name: only
        emptyDir: {}
"""


def overlay(text: str, **more: str) -> dict[str, str]:
    """The base, and an overlay over it."""
    named = {f"overlay/{name.replace('__', '.')}": content for name, content in more.items()}
    return {**BASE, "overlay/kustomization.yaml": "resources:\n- ../base\n" + text, **named}


TREES: dict[str, dict[str, str]] = {
    "nothing": overlay(""),
    "prefix and suffix": overlay("namePrefix: p-\nnameSuffix: -s\n"),
    "namespace": overlay("namespace: prod\n"),
    "namespace and prefix": overlay("namespace: prod\nnamePrefix: p-\n"),
    "common labels": overlay("commonLabels:\n  team: a\n  app: z\n"),
    "labels": overlay("labels:\n- pairs: {a: b}\n- pairs: {c: d}\n  includeTemplates: true\n"),
    "labels with selectors": overlay("labels:\n- pairs: {a: b}\n  includeSelectors: true\n"),
    "annotations": overlay("commonAnnotations:\n  a: b\n"),
    "images": overlay(
        "images:\n- name: registry.example:5000/shop/web\n  newTag: v2\n- name: side\n  newName: other/side\n"
        "- name: nginx\n  newTag: '3'\n- name: shop/job\n  digest: sha256:" + "1" * 64 + "\n"
    ),
    "replicas": overlay("replicas:\n- name: web\n  count: 5\n- name: db\n  count: 2\nnamePrefix: p-\n"),
    "strategic merge": overlay("patches:\n- path: patch.yaml\n", patch__yaml=PATCH),
    "strategic merge the old way": overlay("patchesStrategicMerge:\n- patch.yaml\n", patch__yaml=PATCH),
    "patch deletes": overlay(
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    $patch: delete\n"
    ),
    "patch by target": overlay(
        "patches:\n- target: {kind: 'Deploy.*|StatefulSet'}\n  patch: |-\n    apiVersion: v1\n    kind: Any\n"
        "    metadata: {name: any, labels: {x: z}}\n    spec: {template: {spec: {hostNetwork: true}}}\n"
    ),
    "patch of a custom resource": overlay(
        "patches:\n- patch: |-\n    apiVersion: example.com/v1\n    kind: Widget\n    metadata: {name: w}\n"
        "    spec: {list: [{name: z}]}\n"
    ),
    "patch of rules": overlay(
        "patches:\n- patch: |-\n    apiVersion: rbac.authorization.k8s.io/v1\n    kind: Role\n"
        "    metadata: {name: reader}\n"
        "    rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n"
    ),
    "patch of tolerations": overlay(
        "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n"
        "    spec: {template: {spec: {tolerations: [{key: a}], hostAliases: [{ip: 1.2.3.4, hostnames: [a]}]}}}\n"
    ),
    "json patch": overlay(
        "patches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n"
        "    - {op: replace, path: /spec/replicas, value: 9}\n"
        "    - {op: add, path: /spec/template/spec/containers/-, value: {name: last, image: last}}\n"
        "    - {op: add, path: /spec/template/spec/containers/0/env/0, value: {name: Z, value: z}}\n"
        "    - {op: remove, path: /spec/template/spec/initContainers}\n"
        "    - {op: add, path: /metadata/annotations, value: {a~1b: c}}\n"
        "    - {op: copy, from: /spec/selector, path: /spec/copied}\n"
        "    - {op: move, from: /spec/copied, path: /spec/moved}\n"
        "    - {op: test, path: /spec/replicas, value: 9}\n"
    ),
    "json patch the old way": overlay(
        "patchesJson6902:\n- target: {group: apps, version: v1, kind: Deployment, name: web}\n  path: p.json\n",
        p__json='[{"op": "replace", "path": "/spec/replicas", "value": 7}]',
    ),
    "patch by label": overlay(
        "patches:\n- target: {labelSelector: 'a=b'}\n  patch: |-\n    - {op: add, path: /spec/x, value: 1}\n"
        "- target: {kind: Deployment, name: web}\n  patch: |-\n    - {op: add, path: /metadata/labels, value: {a: b}}\n"
    ),
    "generators": {
        "overlay/kustomization.yaml": "configMapGenerator:\n- name: a\n  files: [x.txt, k=y.txt]\n  envs: [e.env]\n"
        "- name: plain\n  literals: [a=b]\n  options: {disableNameSuffixHash: true, labels: {l: m}}\n"
        "- name: empty\n"
        "secretGenerator:\n- name: s\n  literals: [p=q]\n  namespace: other\n"
        "generatorOptions:\n  annotations: {m: o}\n  immutable: true\n",
        "overlay/x.txt": "text\n", "overlay/y.txt": "why", "overlay/e.env": "# note\nE=1\n  F= 2 \n\nG=\n",
    },
    "generators merge": overlay(
        "namePrefix: p-\nconfigMapGenerator:\n- name: settings\n  behavior: merge\n  literals: [c=2, b=9]\n"
        "secretGenerator:\n- name: pull\n  behavior: replace\n  literals: [x=y]\n"
    ),
    "components": overlay(
        "components:\n- ../part\nnameSuffix: -x\n",
    ) | {
        "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "resources: [more.yaml]\nnamePrefix: c-\nimages: [{name: side, newTag: c}]\n",
        "part/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n",
    },
    "two levels": overlay("namePrefix: mid-\nnamespace: mid\n") | {
        "overlay/kustomization.yaml": "resources:\n- ../middle\nnamePrefix: top-\nnamespace: top\n"
        "commonLabels: {a: b}\n",
        "middle/kustomization.yaml": "resources:\n- ../base\nnamePrefix: mid-\nnamespace: mid\n"
        "configMapGenerator:\n- {name: settings, behavior: merge, literals: [m=1]}\n",
    },
    "the same base twice": {
        **BASE,
        "overlay/kustomization.yaml": "resources:\n- one\n- two\nnameSuffix: -z\n",
        "overlay/one/kustomization.yaml": "resources:\n- ../../small\nnamePrefix: one-\n",
        "overlay/two/kustomization.yaml": "resources:\n- ../../small\nnamePrefix: two-\n",
        "small/kustomization.yaml": "resources:\n- d.yaml\nconfigMapGenerator:\n- {name: settings, literals: [a=b]}\n",
        "small/d.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: d}\n"
        "spec:\n  containers:\n  - name: c\n    image: i\n"
        "    envFrom: [{configMapRef: {name: settings}}]\n",
    },
    "replacements": overlay(
        "replacements:\n- source: {kind: Service, name: web, fieldPath: spec.ports.0.port}\n  targets:\n"
        "  - select: {kind: Deployment}\n    fieldPaths:\n"
        "    - spec.template.spec.containers.[name=web].env.[name=A].value\n"
        "- source: {kind: Deployment, name: web, fieldPath: 'spec.template.spec.containers.[name=web].image',\n"
        "    options: {delimiter: ':', index: 2}}\n  targets:\n  - select: {kind: Widget}\n"
        "    fieldPaths: [spec.containers.*.image]\n    options: {delimiter: ':', index: 1}\n"
        "- source: {kind: ServiceAccount, name: runner}\n  targets:\n  - select: {kind: Service}\n"
        "    fieldPaths: [metadata.annotations.owner]\n    options: {create: true}\n"
    ),
    "name change allowed": overlay(
        "patches:\n- target: {kind: ServiceAccount, name: runner}\n  options: {allowNameChange: true}\n  patch: |-\n"
        "    apiVersion: v1\n    kind: ServiceAccount\n    metadata: {name: walker}\n"
    ),
}  # fmt: skip
