import { chromium } from 'playwright-core'
import { createServer } from 'node:http'
import { build } from 'esbuild'
const src = process.argv[2] ?? '/work/perf/src'
const what = process.argv[3] ?? 'drain'
const r = await build({stdin:{contents:`export * from '${src}/index.ts'`,resolveDir:'/work/perf'},bundle:true,write:false,format:'esm',platform:'browser',target:'es2022',minify:false})
const s=createServer((q,rr)=>{ if(q.url.endsWith('.js')){rr.setHeader('content-type','text/javascript');rr.end(r.outputFiles[0].text)} else {rr.setHeader('content-type','text/html');rr.end('<p>hi')}}).listen(0,'127.0.0.1'); await new Promise(x=>s.once('listening',x))
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']})
const p=await (await b.newContext()).newPage(); await p.goto(`http://127.0.0.1:${s.address().port}/`)
p.on('console',m=>console.log(m.text()))
await p.evaluate(async()=>{
  const h=await import('/h.js'); window.h=h
  window.N=10000; window.payloads=Array.from({length:N},(_,i)=>({url:'https://example.com/api/photos/'+i,text:'x'.repeat(150),n:i}))
  let k=0
  window.open1=(o={})=>h.createQueue({name:'q'+(k++)+Math.random(),store:h.indexedDbStore(),durability:'relaxed',worker:{concurrency:100},handlers:{work:async()=>undefined},...o})
  window.fill=async(q)=>{await q.enqueueAll(payloads.map(payload=>({kind:'work',payload})))}
})
const client=await p.context().newCDPSession(p); await client.send('Profiler.enable'); await client.send('Profiler.setSamplingInterval',{interval:100})
const show=(profile)=>{const n=new Map(profile.nodes.map(x=>[x.id,x])); const self=new Map(), incl=new Map(); const parent=new Map(); for(const x of profile.nodes) for(const c of x.children??[]) parent.set(c,x.id)
 const key=f=>`${f.functionName||'(anon)'}:${f.lineNumber+1}`
 let tot=0; profile.samples.forEach((id,i)=>{const d=profile.timeDeltas[i]; const k=key(n.get(id).callFrame); self.set(k,(self.get(k)??0)+d); if(k.startsWith('(idle')) return; tot+=d; const seen=new Set(); for(let x=id;x!==undefined;x=parent.get(x)){const kk=key(n.get(x).callFrame); if(!seen.has(kk)){seen.add(kk); incl.set(kk,(incl.get(kk)??0)+d)}}})
 console.log('busy',(tot/1000).toFixed(0),'idle',((self.get('(idle):0')??0)/1000).toFixed(0)); console.log('self:'); for(const [k,v] of [...self].sort((a,b)=>b[1]-a[1]).slice(0,32)) console.log('  ',(v/1000).toFixed(1),k); console.log('incl:'); for(const [k,v] of [...incl].sort((a,b)=>b[1]-a[1]).slice(0,45)) console.log('  ',(v/1000).toFixed(1),k)}
if(what==='drain'){
 for(let i=0;i<5;i++){ 
  await p.evaluate(async()=>{window.q=open1(); const t=performance.now(); await fill(q); window.fillMs=performance.now()-t; await q.info(); await new Promise(r=>setTimeout(r,300))})
  if(i===4&&process.argv[4]) await client.send('Profiler.start')
  const t=await p.evaluate(async()=>{const t=performance.now(); await q.drain(); return performance.now()-t})
  if(i===4&&process.argv[4]) show((await client.send('Profiler.stop')).profile)
  console.log('fill',Math.round(await p.evaluate(()=>fillMs)),'drain',t.toFixed(0),'ms',Math.round(10000/t*1000),'/s')
  await p.evaluate(()=>q.destroy({force:true}))
 }
}
if(what==='p1'){
 for(const d of ['relaxed','strict']) for(let i=0;i<4;i++){ if(i===3&&process.argv[4]) await client.send('Profiler.start')
  console.log(d, await p.evaluate(async(d)=>{const q=open1({durability:d}); await q.info(); const t=performance.now(); for(let i=0;i<400;i++) await q.enqueue('work',payloads[i]); const ms=(performance.now()-t)/400; await q.destroy({force:true}); return ms.toFixed(3)},d))
  if(i===3&&process.argv[4]) show((await client.send('Profiler.stop')).profile) }
}
await b.close(); s.close()
