package admission

import future.keywords.in

violation[{"msg": msg, "details": {"missing": missing}}] {
	provided := {label | input.pod.metadata.labels[label]}
	required := {label | label := ["app", "team"][_]}
	missing := required - provided
	count(missing) > 0
	msg := sprintf("you must provide labels: %v", [missing])
}

violation[{"msg": msg}] {
	container := input_containers[_]
	not container.resources.limits.memory
	msg := sprintf("container <%v> has no memory limit", [container.name])
}

violation[{"msg": msg}] {
	container := input_containers[_]
	not allowed(container.image)
	msg := sprintf("container <%v> has an image <%v> that is not allowed", [container.name, container.image])
}

violation[{"msg": msg}] {
	is_update
	not startswith(input.pod.metadata.name, "a")
	msg := "updates of this name are not allowed"
}

is_update {
	input.operation == "UPDATE"
}

allowed(image) {
	some prefix in ["registry.example/", "ghcr.example/"]
	startswith(image, prefix)
}

input_containers[c] {
	c := input.pod.spec.containers[_]
}

input_containers[c] {
	c := input.pod.spec.initContainers[_]
}

names = [name | name := input.pod.spec.containers[_].name]

privileged[name] = true {
	c := input.pod.spec.containers[_]
	c.securityContext.privileged
	name := c.name
}

has_field(object, field) = true {
	object[field]
} else = true {
	object[field] == false
} else = false

fields := [has_field(c, "securityContext") | c := input.pod.spec.containers[_]]

memory(text) = number {
	endswith(text, "Mi")
	number := to_number(trim_suffix(text, "Mi")) * 1048576
} else = number {
	number := to_number(text)
}

memories := {c.name: memory(c.resources.limits.memory) | c := input.pod.spec.containers[_]}
