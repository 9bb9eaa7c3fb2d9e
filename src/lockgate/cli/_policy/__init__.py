"""The actions of ``lockgate policy``, one a module with ``run(arguments)``; imported when they are called."""
