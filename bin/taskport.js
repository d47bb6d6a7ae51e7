#!/usr/bin/env node
console.log('tp', process.version)
