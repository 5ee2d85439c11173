import shutil
def test_keep(nights):
    shutil.rmtree('/tmp/doc/out',ignore_errors=True); shutil.copytree(nights.folder/'out','/tmp/doc/out')
    print(nights.calls); 
    ks={}
    for l in nights.log: ks.setdefault(l['event'].split()[0],set()).update(l)
    print(ks); print(nights.log[-1])
