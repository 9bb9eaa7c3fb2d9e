"use strict";
const http = require("node:http");

const carts = new Map();

http
  .createServer((request, response) => {
    const id = new URL(request.url, "http://cart").searchParams.get("id") ?? "none";
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(carts.get(id) ?? []));
  })
  .listen(process.env.PORT ?? 3000);
